/** The bundle, loaded in a process of its own: the flags of V8 that go with it are not for Jest. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bundleFile, starter } from "../../../src/cli/load";
import { start } from "../../../src/cli/start";
import { root } from "../../root";

test("the build has compiled it for this Node", () => {
  const script = `console.log(require(${JSON.stringify(join(__dirname, "../../../src/cli/load"))}).load().cached)`;
  expect(execFileSync(process.execPath, ["-e", script], { encoding: "utf8" })).toBe("true\n");
});

test("it holds every command, and no machine code", () => {
  const code = readFileSync(bundleFile, "latin1");
  const folders = readdirSync(join(root, "src", "commands"), { withFileTypes: true });
  for (const { name } of folders.filter((entry) => entry.isDirectory()))
    expect(code.includes(`src/commands/${name}/command.js`)).toBe(true);
  expect(code.includes("node_modules/koffi")).toBe(false);
});

test.each([[[]], [["--version"]], [["-V"]], [["--help"]], [["help"]]])("%j is answered without it", (words) =>
  expect(starter(words).start).toBe(start),
);
