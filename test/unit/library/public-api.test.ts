/** What users can see: a snapshot, so that a change shows up as a diff, and a doc comment for each name. */
import { publicSurface, surfaceText } from "../../../scripts/public-api";
import { readModule } from "../../../scripts/public-api/declarations";
import type { Item, Surface } from "../../../scripts/public-api/surface";
import { expectGolden } from "../../golden/golden";
import { undocumented } from "./documented";

const surface = publicSurface();

test("the public API is that of test/golden/public-api.txt", () => {
  expectGolden("test/golden/public-api.txt", surfaceText(surface));
});

test("every exported name has a doc comment", () => {
  expect(undocumented(surface)).toEqual([]);
});

test("what is not exported is not described as if it were", () => {
  const names = new Set(surface.exported.map(({ name }) => name));
  expect(surface.mentioned.map(({ name }) => name).filter((name) => names.has(name))).toEqual([]);
  expect(names.size).toBeGreaterThan(200);
});

describe("the reader of declarations", () => {
  const module = readModule(
    [
      "/** The file. */",
      'import { type A, B as C } from "./a";',
      "/** A function\n * of two lines. */",
      "export declare function f(x: A): void;",
      "export declare function f(x: C): void;",
      "export interface Shape {",
      "    /** Inside. */",
      "    readonly side: number;",
      "}",
      'export { type D, E as F } from "./d";',
      'export * from "./g";',
      "type Own = 1;",
      "export {};",
    ].join("\n"),
  );

  test("takes overloads together, with the comment in front of the first", () => {
    expect(module.declarations.get("f")).toEqual({
      name: "f",
      kind: "function",
      doc: "/** A function\n * of two lines. */",
      texts: ["function f(x: A): void;", "function f(x: C): void;"],
    });
  });

  test("takes no comment from inside of a declaration, and none from the head of the file", () => {
    expect(module.declarations.get("Shape")).toMatchObject({
      doc: undefined,
      texts: ["interface Shape {\n  readonly side: number;\n}"],
    });
  });

  test("knows what comes from where, and what is seen from outside", () => {
    expect([...module.imports]).toEqual([
      ["A", { from: "./a", name: "A", typeOnly: true }],
      ["C", { from: "./a", name: "B", typeOnly: false }],
    ]);
    expect([...module.reexports]).toEqual([
      ["D", { from: "./d", name: "D", typeOnly: true }],
      ["F", { from: "./d", name: "E", typeOnly: false }],
    ]);
    expect(module.stars).toEqual(["./g"]);
    expect([...module.exported]).toEqual(["f", "Shape"]);
  });

  test("does not step over what it does not know", () => {
    expect(() => readModule("export = x;")).toThrow(SyntaxError);
  });
});

describe("undocumented", () => {
  const item = (name: string, text: string, doc?: string, mentions: Item["mentions"] = new Map()): Item => ({
    name,
    file: "x.d.ts",
    typeOnly: false,
    mentions,
    declaration: { name, kind: "const", doc, texts: [text] },
  });
  const type = (doc?: string) => item("Register", "interface Register {}", doc);
  const r0 = item(
    "r0",
    "const r0: Register;",
    undefined,
    new Map([["Register", { file: "x.d.ts", name: "Register" }]]),
  );
  const surfaceWith = (...exported: Item[]): Surface => ({ exported, mentioned: [] });

  test.each([
    ["a name without a comment", surfaceWith(item("a", "const a: 1;")), ["a"]],
    ["a name with one", surfaceWith(item("a", "const a: 1;", "/** A. */")), []],
    ["a constant of a documented type", surfaceWith(type("/** It. */"), r0), []],
    ["a constant of a type without a comment", surfaceWith(type(), r0), ["Register", "r0"]],
  ])("%s", (_, given, expected) => expect(undocumented(given)).toEqual(expected));
});
