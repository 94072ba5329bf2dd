import Ajv from "ajv/dist/2020";
import { expectGolden } from "../../../golden/golden";
import { slug } from "../syscall-top/shapes";
import { procCountSchema, shapes } from "./shapes";

test("docs/schema/proc-count.json is the schema of all variants", () =>
  expectGolden("docs/schema/proc-count.json", `${JSON.stringify(procCountSchema(), undefined, 2)}\n`));

test("the schema is one, and every variant can be asked for by itself", () => {
  const ajv = new Ajv({ strict: true, strictRequired: false });
  ajv.addSchema(procCountSchema(), "proc-count");
  for (const variant of Object.keys(shapes)) {
    expect(ajv.getSchema(`proc-count#/$defs/${slug(variant)}`)).toBeDefined();
    expect(ajv.getSchema(`proc-count#/$defs/${slug(variant)}Line`)).toBeDefined();
  }
});
