import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../root";
import { fake, fakeStarted } from "./spawned";

describe("help and version", () => {
  test.each([["--help"], ["-h"], ["help"]])("%s", async (flag) => {
    const { code, stdout, stderr } = await fake(flag);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("Commands:\n  count  Count intervals\n  fail   Fail\n");
    expect(stdout).toContain("Examples:\n  bpfkit count -d 5\n");
  });
  test.each([["--version"], ["-V"]])("%s", async (flag) =>
    expect(await fake(flag)).toMatchObject({ code: 0, stdout: "bpfkit 1.2.3\n", stderr: "" }),
  );
  test.each([
    ["count --help", ["count", "--help"]],
    ["help count", ["help", "count"]],
    ["--help count", ["--help", "count"]],
  ])("%s", async (_name, args) => {
    const { code, stdout, stderr } = await fake(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^Usage: bpfkit count /);
  });
  test("no command at all is a usage error that shows the help", async () => {
    const { code, stdout, stderr } = await fake();
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("Commands:");
  });
});

test.each([
  ["a misspelt command", ["cuont"], 'bpfkit: unknown command "cuont"\nhint: did you mean "count"?\n'],
  [
    "a misspelt option",
    ["count", "--intervall", "1"],
    'bpfkit: unknown option "--intervall"\nhint: did you mean "--interval"?\n',
  ],
  ["a missing process", ["count", "-p", "4194305"], "bpfkit: pid: no process 4194305\n"],
  ["a missing program", ["count", "--", "no-such-program"], 'bpfkit: command: not found "no-such-program"\n'],
  [
    "--live into a pipe",
    ["count", "--live"],
    'bpfkit: live: stdout is not a terminal\nhint: use "--interval" for one table after another\n',
  ],
])("refused with 2: %s", async (_name, args, stderr) =>
  expect(await fake(...args)).toMatchObject({ code: 2, stdout: "", stderr }),
);

test.each([
  ["failed", 1, "bpfkit: read map: EBADF\n"],
  ["missing", 69, 'bpfkit: feature "x": needs Linux 9.9\n'],
  ["permission", 77, 'bpfkit: load: EPERM\nhint: run "sudo bpfkit"\n'],
])("an error of the kind %s ends with %i", async (how, code, stderr) =>
  expect(await fake("fail", how)).toMatchObject({ code, stdout: "", stderr }),
);

test.each([
  ["in the command", []],
  ["out of nowhere", ["--late"]],
])("a fault %s ends with 70 and a stack", async (_name, more) => {
  const { code, stderr } = await fake("fail", "bug", ...more);
  expect(code).toBe(70);
  expect(stderr).toMatch(/^bpfkit: fault in bpfkit: RangeError: of course not\n {4}at /);
  expect(stderr).toContain("hint: please report it");
});

test("data goes to stdout, notices to stderr, and -q drops them", async () => {
  expect(await fake("count", "-d", "1ms", "--csv")).toMatchObject({
    stdout: "count\r\n1\r\n",
    stderr: "ready\n",
  });
  expect((await fake("count", "-d", "1ms", "--csv", "-q")).stderr).toBe("");
  expect((await fake("count", "-d", "1ms", "--csv", "-v")).stderr).toMatch(/^pid \d+\.\nready\n$/);
});

test.each([
  ["lost without --fail-on-loss", ["--lost", "7"], 0],
  ["lost with it", ["--lost", "7", "--fail-on-loss"], 3],
  ["nothing lost", ["--fail-on-loss"], 0],
])("%s ends with the right code", async (_name, args, code) =>
  expect((await fake("count", "-d", "1ms", ...args)).code).toBe(code),
);

describe("-o", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "output-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test("the ending chooses the format", async () => {
    const file = join(folder, "out.json");
    expect(await fake("count", "-d", "1ms", "-q", "-o", file)).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "",
    });
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({
      tool: "bpfkit",
      version: "1.2.3",
      rows: [{ count: 1 }],
    });
  });
  test("a format of the command's own", async () => {
    const file = join(folder, "out.folded");
    expect((await fake("count", "-o", file)).code).toBe(0);
    expect(readFileSync(file, "utf8")).toBe("main;count 1\n");
  });
  test("a run that fails leaves nothing behind", async () => {
    const file = join(folder, "out.json");
    expect((await fake("count", "-o", file, "-p", "4194305")).code).toBe(2);
    expect(readdirSync(folder)).toEqual([]);
  });
  test("nor does one that is cut off", async () => {
    const file = join(folder, "out.json");
    const { child, ended, shows } = fakeStarted("count", "-o", file, "--spin");
    await shows("ready");
    expect(readdirSync(folder)).toHaveLength(1);
    child.kill("SIGTERM");
    child.kill("SIGINT");
    expect((await ended).code).toBeGreaterThan(128);
    expect(readdirSync(folder)).toEqual([]);
  });
});

test("help and version load neither koffi nor a command nor a renderer", () => {
  const list = `process.on("exit", () => console.error(Object.keys(require.cache).join("\\n")))`;
  const load = (flag: string) => {
    const code = `process.argv.splice(1, 0, "bpfkit"); ${list}; require(${JSON.stringify(join(__dirname, "../../src/cli/start.js"))}).start("1")`;
    return spawnSync(process.execPath, ["-e", code, "--", flag], { encoding: "utf8" }).stderr;
  };
  for (const flag of ["--help", "--version"]) {
    const modules = load(flag);
    expect(modules).toContain("src/cli/start.js");
    expect(modules).not.toMatch(
      /koffi|commander|chalk|cli-table3|src\/(bpf|sys|asm|output|probes)|commands\/[^/\n]*\/command/,
    );
  }
});

test("the installed file starts it all", () => {
  const bin = join(root, "bin/bpfkit.js");
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const source = readFileSync(bin, "utf8");
  expect(source).toMatch(/^#!\/usr\/bin\/env node\n/);
  // The build under test stands in for dist, which only `npm run build` fills.
  const code = source
    .replace(/^#!.*/, "")
    .replace('"../dist/src/', `"${join(__dirname, "../../src")}/`)
    .replace('"../package.json"', `"${join(root, "package.json")}"`);
  const args = ["-e", `process.argv.splice(1, 0, "bpfkit"); ${code}`, "--", "--version"];
  const { stdout, status } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect({ stdout, status }).toEqual({ stdout: `bpfkit ${version}\n`, status: 0 });
});
