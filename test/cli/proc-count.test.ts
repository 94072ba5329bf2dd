import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Ajv from "ajv/dist/2020";
import { kernelTest } from "../kernel/kernel-test";
import { procCountSchema } from "../unit/commands/proc-count/shapes";
import { slug } from "../unit/commands/syscall-top/shapes";
import { bpfkit } from "./built-bpfkit";

const NEEDS = ["btf-raw-tracepoint"];
const COMMAND = ["--", "sh", "-c", "/bin/true 'a b'; sh -c 'exit 3'; /bin/false; exit 5"];

const ajv = new Ajv({ strict: true, strictRequired: false });
ajv.addSchema(procCountSchema(), "proc-count");

function expectShape(value: unknown, definition: string): void {
  const validate = ajv.getSchema(`proc-count#/$defs/${definition}`);
  if (validate === undefined) throw new Error(`no definition "${definition}"`);
  validate(value);
  expect(validate.errors ?? []).toEqual([]);
}

describe("refused with 2, before anything is attached", () => {
  test.each([
    ["an unknown dimension", ["--by", "cmm"], 'bpfkit: by: "cmm" is none of'],
    ["lru with costs", ["--cost", "--map", "lru"], 'bpfkit: map: "lru" does not go with --cost'],
    ["a thread with costs", ["--cost", "-t", "1"], "bpfkit: cost: is that of whole processes"],
    ["--exit by itself", ["--exit"], "bpfkit: exit: goes with --events"],
    ["--reset without intervals", ["--reset"], "bpfkit: reset: goes with -i"],
    ["--get without an entry per process", ["--get", "1"], "bpfkit: get: the table has no entry per process"],
    ["a column that is not there", ["-s", "cpu"], 'bpfkit: sort: this table has no column "cpu"'],
    ["no rate", ["--flapping", "often"], 'bpfkit: flapping: "often" is not a number per minute'],
    ["no size", ["--args-size", "4"], "bpfkit: args-size: 4 is not from 16 to 16384 bytes"],
  ])("%s", async (_name, args, message) => {
    const { code, stdout, stderr } = await bpfkit("proc-count", ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  });
});

describe("documents are as their schema says", () => {
  for (const [variant, args] of [
    ["counts", ["--by", "pid,exe,args,parent,uid,cgroup"]],
    ["--map lru", ["--map", "lru"]],
    ["--cost", ["--cost", "--by", "comm,args,container"]],
    ["--tree", ["--tree"]],
    ["--events", ["--events", "--exit", "--exe"]],
    ["--events", ["--events", "--exit", "--exe", "-x"]],
    ["--failed", ["-x"]],
    ["--flapping", ["--flapping", "0/min"]],
  ] as const) {
    const name = args.includes("-x" as never) && variant !== "--failed" ? `${variant} -x` : variant;
    kernelTest(NEEDS, `${name} as JSON`, async () => {
      const { code, stdout } = await bpfkit("proc-count", "-q", "--json", ...args, ...COMMAND);
      expect(code).toBe(5);
      expectShape(JSON.parse(stdout), slug(variant));
    });
    kernelTest(NEEDS, `${name} as NDJSON`, async () => {
      const { stdout } = await bpfkit("proc-count", "-q", "-f", "ndjson", ...args, ...COMMAND);
      for (const line of stdout.split("\n").filter(Boolean))
        expectShape(JSON.parse(line), `${slug(variant)}Line`);
    });
  }
});

kernelTest(NEEDS, "the table of a command and its exit status", async () => {
  const { code, stdout, stderr } = await bpfkit("proc-count", ...COMMAND);
  expect(code).toBe(5);
  expect(stdout).toMatch(/^NAME\s+COUNT\s+SHARE %\s+RATE \/s\nsh\s+2\s/);
  expect(stdout).toMatch(/\nTotal: 4 executions\.\nLost: nothing\.\n$/);
  expect(stderr).toContain("tracing the executions of");
});

kernelTest(NEEDS, "escape sequences in names and arguments do not reach the terminal", async () => {
  const folder = mkdtempSync(join(tmpdir(), "proc-count-"));
  try {
    const program = join(folder, "\x1b[1mé");
    symlinkSync("/bin/true", program);
    const { stdout } = await bpfkit("proc-count", "-q", "--by", "comm,args", "--", program, "\x1b[31mred\n");
    expect(stdout).toMatch(/^\\e\[1mé /m);
    expect(stdout).toContain("\\e[31mred\\n");
    expect(stdout).not.toContain("\x1b");
    const events = await bpfkit("proc-count", "-q", "--events", "--exit", "--", program, "\x1b[31mred\n");
    expect(events.stdout).toContain("\\e[31mred\\n");
    expect(events.stdout).not.toContain("\x1b");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

kernelTest(NEEDS, "--fail-on-loss", async () => {
  const { code } = await bpfkit(
    "proc-count",
    "-q",
    "--by",
    "pid",
    "--max-entries",
    "1",
    "--fail-on-loss",
    "--",
    "sh",
    "-c",
    "/bin/true; exit 0",
  );
  expect(code).toBe(3);
});

describe("--dump prints listings", () => {
  test.each([
    ["counts", []],
    ["--cost", ["--cost", "--by", "args,exe"]],
    ["--reset", ["--by", "pid", "-i", "1", "--reset"]],
    ["--events", ["--events", "--exit"]],
    ["--failed", ["-x"], "sys_exit"],
  ])("%s", async (_name, args, hook = "sched_process_exec") => {
    const { code, stdout } = await bpfkit("proc-count", "--dump", ...args);
    expect(code).toBe(0);
    expect(stdout).toContain(`at btf-raw-tracepoint ${hook}`);
  });
});
