/** stack-profile as a process of its own: formats, files, mistakes, rights. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import Ajv from "ajv/dist/2020";
import { kernelTest } from "../kernel/kernel-test";
import { rounds } from "../kernel/rounds";
import { stackProfileSchema } from "../unit/commands/stack-profile/shapes";
import { BUILT, bpfkit, bpfkitDuring } from "./built-bpfkit";
import { asNobody, nobodyTest } from "./nobody";

const NEEDS = ["perf-event", "btf", "ring-buffer"];
const PROFILE = "stack-profile";
/** Enough for some samples, even in an emulated machine. */
const BUSY = [
  ...["--freq", String(rounds(997, 97))],
  ...["--", "sh", "-c", "i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done"],
];

const folder = mkdtempSync(join(tmpdir(), "bpfkit-profile-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const folded = join(folder, "given.folded");
writeFileSync(folded, "app;main;work 30\napp;main;idle 10\n");

const ajv = new Ajv({ strict: true, strictRequired: false });
ajv.addSchema(stackProfileSchema(), PROFILE);

function expectValid(value: unknown, reference: string): void {
  const validate = ajv.getSchema(reference);
  expect(validate?.(value) === true ? [] : validate?.errors).toEqual([]);
}

describe("refused with 2, before anything is attached", () => {
  test.each<[string, string[], RegExp]>([
    ["a rate of nothing", ["--freq", "0"], /^bpfkit: freq: "0" is not a number from 1 to /],
    ["a grouping that does not exist", ["--by", "proces"], /did you mean "process"\?/],
    [
      "a state that does not exist",
      ["--off-cpu", "--state", "asleep"],
      /^bpfkit: state: "asleep" is none of/,
    ],
    ["--min without waits", ["--min", "1ms"], /^bpfkit: min: .*\nhint: use it with --off-cpu/],
    ["--weight without an event", ["--weight", "arg1"], /^bpfkit: weight: /],
    ["no such argument", ["--on", "s:read", "--weight", "size"], /"size" is none of arg1 to arg6/],
    [
      "an argument 0",
      ["--on", "s:read", "--weight", "arg0"],
      /none of arg1 to arg6\nhint: .*the first is arg1/,
    ],
    ["both halves excluded", ["-K", "-U"], /kernel-only/],
    ["a system call that does not exist", ["--on", "s:raed"], /matches no system call\n(?:.*\n)*.*"read"/],
    ["a file that is not there", ["--from", "/no/such.folded"], /^bpfkit: from: cannot read .*ENOENT\n/],
    ["a file of something else", ["--from", BUILT], /^bpfkit: read ".*": line 1 does not end in a number/],
    ["a file and a program", ["--from", folded, "--", "true"], /^bpfkit: from: .*starts no program\n/],
    ["a comparison as JSON", ["--from", folded, "--diff", folded, "--json"], /^bpfkit: diff: format "json"/],
  ])("%s", async (_name, args, stderr) => {
    const ended = await bpfkit(PROFILE, ...args);
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code: 2, stdout: "" });
    expect(ended.stderr).toMatch(stderr);
  });
});

describe("a profile from a file", () => {
  test("as a table", async () => {
    const { code, stdout } = await bpfkit(PROFILE, "--from", folded);
    expect(code).toBe(0);
    expect(stdout).toBe(`SELF %  SAMPLES  TOTAL %  SAMPLES  FUNCTION  MODULE
  75.0       30     75.0       30  work
  25.0       10     25.0       10  idle
   0.0        0    100.0       40  app
   0.0        0    100.0       40  main

The heaviest stacks, innermost first:
 75.0 %  work < main < app
 25.0 %  idle < main < app

Total: 40 samples in 2 different stacks.
`);
  });

  test("as it was", async () => {
    const { stdout } = await bpfkit(PROFILE, "--from", folded, "-f", "folded");
    expect(stdout).toBe("app;main;idle 10\napp;main;work 30\n");
  });

  test("as JSON, and from that again", async () => {
    const json = join(folder, "again.json");
    await bpfkit(PROFILE, "--from", folded, "-o", json);
    const { stdout } = await bpfkit(PROFILE, "--from", json, "-f", "folded");
    expect(stdout).toBe("app;main;idle 10\napp;main;work 30\n");
  });

  test("compared with another", async () => {
    const before = join(folder, "before.folded");
    writeFileSync(before, "app;main;work 10\napp;main;idle 10\n");
    const { stdout } = await bpfkit(PROFILE, "--from", folded, "--diff", before, "-f", "folded");
    expect(stdout).toBe("app;main;idle 10 10\napp;main;work 10 30\n");
  });

  test.each([
    ["x.svg", "<?xml"],
    ["x.html", "<!doctype html>"],
    ["x.speedscope.json", '{"$schema"'],
    ["x.cpuprofile", '{"nodes"'],
  ])("%s", async (name, beginning) => {
    const file = join(folder, name);
    const { code, stdout } = await bpfkit(PROFILE, "--from", folded, "-o", file);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(readFileSync(file, "utf8").toLowerCase().replace(/\s/g, "")).toContain(
      beginning.replace(/\s/g, "").toLowerCase(),
    );
  });

  test("as pprof, which is compressed", async () => {
    const file = join(folder, "x.pb.gz");
    await bpfkit(PROFILE, "--from", folded, "-o", file);
    expect(gunzipSync(readFileSync(file)).toString("latin1")).toContain("work");
  });
});

describe("without rights", () => {
  nobodyTest("ends with 77 and names the capabilities", () => {
    const { status, stderr } = asNobody([PROFILE, "-d", "1"]);
    expect(status).toBe(77);
    expect(stderr).toContain("CAP_PERFMON");
  });

  nobodyTest("--dump prints the programs", () => {
    const { status, stdout, stderr } = asNobody([PROFILE, "--dump", "--wall"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("; sample at perf-event cpu-clock");
    expect(stdout).toContain("; off_cpu at btf-raw-tracepoint sched_switch");
  });
});

kernelTest(NEEDS, "JSON and NDJSON are as the schema says", async () => {
  for (const more of [[], ["--off-cpu"], ["--wall", "--by", "thread"], ["--unwind", "fp"]]) {
    const { code, stdout } = await bpfkit(PROFILE, "--json", ...more, ...BUSY);
    expect(code).toBe(0);
    expectValid(JSON.parse(stdout), PROFILE);
  }
  const { stdout } = await bpfkit(PROFILE, "-f", "ndjson", "--by", "process", ...BUSY);
  const lines = stdout.trim().split("\n");
  expect(lines.length).toBeGreaterThan(1);
  for (const line of lines) expectValid(JSON.parse(line), `${PROFILE}#/$defs/line`);
});

kernelTest(NEEDS, "the command's own status is the exit code", async () => {
  const { code } = await bpfkit(PROFILE, "-q", "--", "sh", "-c", "exit 7");
  expect(code).toBe(7);
});

kernelTest(NEEDS, "Ctrl-C ends with the report; intervals come one after another", async () => {
  const ended = await bpfkitDuring(
    [PROFILE, "-i", "200ms", "-n", "1", "--idle"],
    () => new Promise((resolve) => setTimeout(resolve, 1500)),
  );
  expect(ended.code).toBe(0);
  expect(ended.stdout.match(/^SELF %/gm)?.length).toBeGreaterThan(1);
  expect(ended.stdout).toMatch(/^Lost: /m);
});

kernelTest(NEEDS, "-o writes a flame graph as a whole", async () => {
  const file = join(folder, "run.html");
  const { code, stdout } = await bpfkit(PROFILE, "-q", "-o", file, ...BUSY);
  expect({ code, stdout, exists: existsSync(file) }).toEqual({ code: 0, stdout: "", exists: true });
  expect(readFileSync(file, "utf8")).toMatch(/<\/html>\s*$/);
});
