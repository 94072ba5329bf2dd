import Ajv from "ajv/dist/2020";
import { expectGolden } from "../../../golden/golden";
import { slug } from "../syscall-top/shapes";
import { shapes, traceFnSchema } from "./shapes";

test("docs/schema/trace-fn.json is the schema of all variants", () =>
  expectGolden("docs/schema/trace-fn.json", `${JSON.stringify(traceFnSchema(), undefined, 2)}\n`));

test("the schema is one, and every variant can be asked for by itself", () => {
  const ajv = new Ajv({ strict: true, strictRequired: false });
  ajv.addSchema(traceFnSchema(), "trace-fn");
  for (const variant of [...Object.keys(shapes), "stacks"]) {
    expect(ajv.getSchema(`trace-fn#/$defs/${slug(variant)}`)).toBeDefined();
    expect(ajv.getSchema(`trace-fn#/$defs/${slug(variant)}Line`)).toBeDefined();
  }
});
