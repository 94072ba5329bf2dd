import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Ajv from "ajv/dist/2020";
import { kernelTest } from "../kernel/kernel-test";
import { slug } from "../unit/commands/syscall-top/shapes";
import { traceFnSchema } from "../unit/commands/trace-fn/shapes";
import { bpfkit } from "./built-bpfkit";

const NEEDS = ["btf-raw-tracepoint", "ring-buffer"];
const writes = (count: number) => [
  "--",
  "dd",
  "if=/dev/zero",
  "of=/dev/null",
  "bs=1",
  `count=${count}`,
  "status=none",
];

const ajv = new Ajv({ strict: true, strictRequired: false });
ajv.addSchema(traceFnSchema(), "trace-fn");

function expectShape(value: unknown, definition: string): void {
  const validate = ajv.getSchema(`trace-fn#/$defs/${definition}`);
  if (validate === undefined) throw new Error(`no definition "${definition}"`);
  validate(value);
  expect(validate.errors ?? []).toEqual([]);
}

describe("refused with 2, before anything is attached", () => {
  test.each([
    ["no target", [], "bpfkit: target: none given"],
    ["an unknown system call", ["s:opnat"], 'did you mean "openat"?'],
    ["a target that is none", ["libc:mal(loc"], 'target "libc:mal(loc": has "(" in a name'],
    ["an unknown library", ["libnothing-at-all:f"], '"libnothing-at-all": no such library or program'],
    ["a program without a process", [":main"], "no file before the colon"],
    ["an unknown form", ["s:openat", "--arg", "1:sttr"], 'bpfkit: arg: no form "sttr"'],
    [
      "a filter that does not parse",
      ["s:write", "--filter", "count >"],
      'filter "count >": has an end where',
    ],
    ["a filter on what is not there", ["s:write", "--filter", "coutn > 3"], 'did you mean "count"?'],
    ["a filter on a string", ["s:openat", "--filter", "filename == 3"], "is a string"],
    ["a distribution of a condition", ["s:write", "--dist", "ret > 2"], "is not the name of one argument"],
    ["a distribution of what is not there", ["s:write", "--dist", "size"], '"size" is no argument of write'],
    ["an order of a distribution", ["s:write", "--dist", "ret", "-s", "max"], "bpfkit: sort: a distribution"],
    ["no share", ["s:openat", "--sample", "100"], 'bpfkit: sample: "100" is not like 1/100'],
    [
      "a size that is no power of two",
      ["s:openat", "--buffer", "3M"],
      'bpfkit: buffer: "3M" is not a power of two',
    ],
    ["a long string", ["s:openat", "--string", "1M"], 'bpfkit: string: "1M" is above 4096 bytes'],
    ["no events", ["s:openat", "--max-events", "0"], 'bpfkit: max-events: "0" is not a whole number'],
    ["intervals of calls", ["s:openat", "-i", "1"], "bpfkit: interval: calls are shown as they come"],
    ["an order of calls", ["s:openat", "-s", "max"], "bpfkit: sort: calls are shown in the order they come"],
    ["times of counts", ["s:openat", "--count", "-s", "max"], 'bpfkit: sort: a count has no column "max"'],
    [
      "an order of stacks",
      ["s:openat", "--stacks", "-s", "max"],
      "bpfkit: sort: stacks are shown in the order",
    ],
    ["halves of no stacks", ["s:openat", "-K"], "bpfkit: kernel-only: no stacks are taken"],
    ["unwinding no stacks", ["s:openat", "--unwind", "dwarf"], "bpfkit: unwind: no stacks are taken"],
    ["a picture of calls", ["s:openat", "-o", "x.svg"], 'format: "svg" is not for calls as they come'],
    ["a picture of counts", ["s:openat", "--count", "-f", "folded"], 'format: "folded" is not for --count'],
    ["count and latency", ["s:openat", "--count", "--latency"], "--count"],
  ])("%s", async (_name, args, message) => {
    const { code, stdout, stderr } = await bpfkit("trace-fn", ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  });
});

describe("documents are as their schema says", () => {
  for (const [variant, args] of [
    ["calls", ["s:write", "s:openat", "--ret"]],
    ["--count", ["s:write", "--count"]],
    ["--latency", ["s:write", "--latency"]],
    ["--dist", ["s:write", "s:openat", "--dist", "ret"]],
    ["--dist", ["s:write", "--latency", "--hist"]],
    ["--stacks", ["s:write", "--stacks"]],
    ["--graph", ["s:write", "s:openat", "--graph"]],
    ["--list", ["s:write", "--list"]],
  ] as const) {
    kernelTest(NEEDS, `${args.slice(1).join(" ")} as JSON`, async () => {
      const { code, stdout } = await bpfkit("trace-fn", "-q", "--json", ...args, ...writes(7));
      expect(code).toBe(0);
      expectShape(JSON.parse(stdout), slug(variant));
    });
    kernelTest(NEEDS, `${args.slice(1).join(" ")} as NDJSON`, async () => {
      const { stdout } = await bpfkit("trace-fn", "-q", "-f", "ndjson", ...args, ...writes(7));
      const lines = stdout.trimEnd().split("\n");
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) expectShape(JSON.parse(line), `${slug(variant)}Line`);
    });
  }
});

kernelTest(NEEDS, "calls as lines, and the command's own status", async () => {
  const { code, stdout, stderr } = await bpfkit(
    "trace-fn",
    "s:write",
    "--",
    "sh",
    "-c",
    "echo a >/dev/null; echo bc >/dev/null; exit 5",
  );
  expect(code).toBe(5);
  expect(stdout).toMatch(/^TIME +PID +TID +COMM +CALL\n/);
  expect(stdout.match(/ sh +write\(fd=1, buf=0x[0-9a-f]+, count=[23]\)\n/g)).toHaveLength(2);
  expect(stdout).toMatch(/\nTotal: 2 calls\.\nLost: nothing\.\n$/);
  expect(stderr).toContain('tracing write in "sh');
});

kernelTest(NEEDS, "every one of 100,003 writes is in the file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bpfkit-writes-"));
  const file = join(folder, "writes.csv");
  const { code, stdout, stderr } = await bpfkit("trace-fn", "s:write", "-o", file, ...writes(100_003));
  expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  expect(stderr).toContain("100003 calls. Lost: nothing.");
  const lines = readFileSync(file, "utf8").split("\r\n");
  rmSync(folder, { recursive: true });
  expect(lines[0]).toBe("time,pid,tid,comm,function,args.fd,args.buf,args.count");
  expect(lines).toHaveLength(100_005);
  expect(lines.at(-1)).toBe("");
  const line = /^2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z,\d+,\d+,dd,write,1,0x[0-9a-f]+,1$/;
  expect(lines.slice(1, -1).filter((text) => !line.test(text))).toEqual([]);
});

kernelTest(NEEDS, "--fail-on-loss", async () => {
  const { code } = await bpfkit(
    "trace-fn",
    ...["-q", "s:write", "--buffer", "4K", "--fail-on-loss"],
    ...writes(100_003),
  );
  expect(code).toBe(3);
});

test("--dump prints the listing of each program", async () => {
  for (const args of [["s:openat"], ["s:openat", "--ret"], ["s:*", "--count"]]) {
    const { code, stdout } = await bpfkit("trace-fn", "--dump", ...args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^; sys_(enter|exit) at (btf-)?raw-tracepoint sys_(enter|exit)\n/);
  }
});
