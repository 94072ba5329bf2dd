/** Runs the examples of docs/assembler.md: what stands below one is what it prints. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "node:util";
import * as asm from "../../../src/asm";
import * as codec from "../../../src/core/codec";
import { root } from "../../root";

const guide = readFileSync(join(root, "docs/assembler.md"), "utf8");
const examples = [...guide.matchAll(/```js\n(.*?)```\n\n```text\n(.*?)```/gs)].map(
  ([, code, output], index) => ({
    title: `${index + 1}: ${/^import \{ (.*?)[ ,]/.exec(code ?? "")?.[1]}`,
    code: code ?? "",
    output: output ?? "",
  }),
);
const library: Readonly<Record<string, unknown>> = { ...asm, ...codec };

function printedBy(code: string): string {
  const lines: string[] = [];
  const body = code.replace(/^import (\{.*?\}) from "bpfkit";$/gm, "const $1 = bpfkit;");
  const run = new Function("bpfkit", "console", `"use strict"; ${body}`);
  run(library, { log: (...values: unknown[]) => lines.push(format(...values)) });
  return lines.join("\n");
}

describe("the assembler's guide", () => {
  test("every example is one this test can run", () => {
    expect(examples).toHaveLength(guide.split("```js").length - 1);
    expect(examples.length).toBeGreaterThan(5);
  });

  test.each(examples)("example $title", ({ code, output }) => {
    expect(printedBy(code).trimEnd()).toBe(output.trimEnd());
  });

  test.each(examples)("example $title imports only what there is", ({ code }) => {
    const names = [...code.matchAll(/^import \{ (.*?) \}/gm)].flatMap(([, list]) => (list ?? "").split(", "));
    expect(names.filter((name) => !(name in library))).toEqual([]);
  });

  test("every name it mentions in a table exists", () => {
    const mentioned = [...guide.matchAll(/^\|.*\|$/gm)].flatMap(([row]) => [
      ...row.matchAll(/`(\w+)(?:\(|`)/g),
    ]);
    const names = mentioned.map(([, name]) => name ?? "").filter((name) => /^[a-z]\w*$/.test(name));
    const fields = ["fdArray"];
    expect(names.filter((name) => !(name in library) && !fields.includes(name))).toEqual([]);
    expect(names.length).toBeGreaterThan(20);
  });
});
