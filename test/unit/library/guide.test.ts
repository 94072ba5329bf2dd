/** docs/library.md: its examples print what stands below them, its pieces put together are the files in examples/. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as library from "../../../src";
import { started } from "../../cli/spawned";
import { root } from "../../root";
import { type Installation, linkedPackage } from "./installed-package";

const guide = readFileSync(join(root, "docs/library.md"), "utf8");
const printing = [...guide.matchAll(/```js\n(.*?)```\n\n```text\n(.*?)```/gs)].map(
  ([, code = "", output = ""], index) => ({
    title: `${index + 1}: ${/^import \{ (.*?)[ ,]/.exec(code)?.[1]}`,
    code,
    output,
  }),
);

/** Line breaks and the comma before a bracket are a matter of the formatter's. */
function unformatted(code: string): string {
  return code.replace(/\s+/g, "").replace(/,(?=[}\])])/g, "");
}

const fenced = (text: string) => [...text.matchAll(/```ts\n(.*?)```/gs)].map(([, code = ""]) => code);

/** The chapters that build a program, and the file it is. */
const chapters = guide
  .split(/^## /m)
  .filter((chapter) => chapter.includes("```ts"))
  .map((chapter) => ({
    file: /\(\.\.\/(examples\/[\w-]+\.ts)\)/.exec(chapter)?.[1] ?? "",
    code: fenced(chapter).join(""),
  }));

let installed: Installation;
beforeAll(() => {
  installed = linkedPackage();
});
afterAll(() => installed[Symbol.dispose]());

test("there is code, and none that nobody runs", () => {
  expect(printing.length).toBeGreaterThan(3);
  expect(printing).toHaveLength(guide.split("```js").length - 1);
  expect(chapters.map(({ file }) => file)).toEqual(["examples/count-execs.ts", "examples/stream-execs.ts"]);
});

test.each(chapters)("the pieces are $file", ({ file, code }) => {
  expect(unformatted(code)).toBe(unformatted(readFileSync(join(root, file), "utf8")));
});

test.each(printing)("example $title prints what stands below it", async ({ title, code, output }) => {
  const file = installed.write(`example-${title.split(":")[0]}.mjs`, code);
  expect(await started(process.execPath, [file]).ended).toMatchObject({
    code: 0,
    stderr: "",
    stdout: output,
  });
});

test("the functions and classes it names in tables exist", () => {
  const rows = [...guide.matchAll(/^\| `.*\|$/gm)].map(([row]) => row.split("|")[1] ?? "");
  const names = rows.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name));
  const kinds = ["tracepoint", "kprobe", "kretprobe", "fentry", "fexit", "uprobe", "uretprobe", "cgroup"];
  expect(names.filter((name) => !(name in library) && !kinds.includes(name))).toEqual([]);
  expect(names.length).toBeGreaterThan(20);
});

test("the files it links to exist", () => {
  const links = [...guide.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path = ""]) => path);
  expect(links.filter((path) => !existsSync(join(root, "docs", path)))).toEqual([]);
});
