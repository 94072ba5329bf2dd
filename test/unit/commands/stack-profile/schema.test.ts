import Ajv from "ajv/dist/2020";
import { expectGolden } from "../../../golden/golden";
import { stackProfileSchema } from "./shapes";

test("docs/schema/stack-profile.json is the schema", () =>
  expectGolden("docs/schema/stack-profile.json", `${JSON.stringify(stackProfileSchema(), undefined, 2)}\n`));

test("the schema is one, and that of a line can be asked for by itself", () => {
  const ajv = new Ajv({ strict: true, strictRequired: false });
  ajv.addSchema(stackProfileSchema(), "stack-profile");
  expect(ajv.getSchema("stack-profile#/$defs/line")).toBeDefined();
});
