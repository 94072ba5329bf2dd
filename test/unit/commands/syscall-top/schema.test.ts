import Ajv from "ajv/dist/2020";
import { expectGolden } from "../../../golden/golden";
import { shapes, slug, syscallTopSchema, type Variant } from "./shapes";

test("docs/schema/syscall-top.json is the schema of all variants", () =>
  expectGolden("docs/schema/syscall-top.json", `${JSON.stringify(syscallTopSchema(), undefined, 2)}\n`));

test("the schema is one, and every variant can be asked for by itself", () => {
  const ajv = new Ajv({ strict: true, strictRequired: false });
  ajv.addSchema(syscallTopSchema(), "syscall-top");
  for (const variant of Object.keys(shapes) as Variant[]) {
    expect(ajv.getSchema(`syscall-top#/$defs/${slug(variant)}`)).toBeDefined();
    expect(ajv.getSchema(`syscall-top#/$defs/${slug(variant)}Line`)).toBeDefined();
  }
});

test.each([
  ["counts", "counts"],
  ["--latency --errors", "latencyErrors"],
  ["--in-flight", "inFlight"],
])("slug of %s", (variant, expected) => expect(slug(variant)).toBe(expected));
