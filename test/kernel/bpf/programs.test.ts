/** Loading, rejecting, running and measuring programs. */
import {
  type Block,
  call,
  exit,
  fp,
  helper,
  jump,
  label,
  load,
  mov,
  r0,
  r1,
  r2,
  r3,
  r6,
  readComm,
} from "../../../src/asm";
import type { Kernel } from "../../../src/bpf/kernel";
import { kernelTest } from "../kernel-test";
import { renameThread } from "./libc-function";

const hook = { kind: "raw-tracepoint", name: "task_rename" } as const;
const load_ = (kernel: Kernel, code: Block, name = "bad") => kernel.load({ name, hook, code }, () => -1);
const miss = label("miss");

/** A rejected program each, with the verdict, the label above it and the instruction's place in this file. */
const rejected: [string, Block, RegExp, string | undefined, RegExp][] = [
  ["an uninitialised register", [mov(r0, r6), exit()], /R6 !read_ok/, undefined, /programs\.test/],
  [
    "a load from nowhere, under a label",
    [mov(r6, 0), jump.eq(r6, 0, miss), miss, mov(r0, 0), load(8, r0, r6, 0), exit()],
    /R6 invalid mem access/,
    "miss+1",
    /programs\.test/,
  ],
  [
    "the stack beyond its end",
    [load(8, r0, fp, -520), exit()],
    /stack|invalid/i,
    undefined,
    /programs\.test/,
  ],
  [
    "a helper with wrong arguments",
    [mov(r1, 0), mov(r2, 0), mov(r3, 0), call(helper.mapLookupElem), exit()],
    /R1 type=/,
    undefined,
    /programs\.test/,
  ],
  [
    "in a macro, at the line that used it",
    [readComm(-8), mov(r0, 0), exit()],
    /stack/,
    undefined,
    /programs\.test/,
  ],
];

for (const [what, code, verdict, under, line] of rejected)
  kernelTest(["raw-tracepoint"], `rejected: ${what}`, ({ kernel }) => {
    let error: unknown;
    try {
      load_(kernel, code)[Symbol.dispose]();
    } catch (thrown) {
      error = thrown;
    }
    const { name, message, log } = error as Error & { log: string[] };
    expect(name).toBe("VerifierError");
    expect(message).toMatch(/^load program "bad": E(ACCES|INVAL): /);
    expect(message).toMatch(verdict);
    expect(message).toMatch(line);
    if (under !== undefined) expect(message).toContain(`under label "${under}"`);
    expect(log.length).toBeGreaterThan(1);
  });

kernelTest(["raw-tracepoint"], "a log that outgrows its first buffer is still whole", ({ kernel }) => {
  // Some thousand instructions, each with a line, and the fault at the end.
  const long: Block = Array.from({ length: 4000 }, (_, i) => mov(r6, i));
  try {
    load_(kernel, [long, mov(r0, r3), exit()])[Symbol.dispose]();
    throw new Error("was loaded");
  } catch (error) {
    const { message, log } = error as Error & { log: string[] };
    expect(message).toContain("R3 !read_ok");
    expect(log.join("\n").length).toBeGreaterThan(64 * 1024);
    expect(log.some((line) => line.startsWith("0: ("))).toBe(true);
  }
});

kernelTest(["raw-tracepoint"], "info, and statistics while they are on", ({ kernel }) => {
  using program = load_(kernel, [mov(r0, 0), exit()], "counted");
  using _link = kernel.attach(program, hook);
  expect(program.info().name).toBe("counted");
  expect(program.info().id).toBeGreaterThan(0);
  const before = program.info().runCount;
  {
    using _stats = kernel.enableStats();
    for (let i = 0; i < 23; i++) renameThread();
  }
  const { runCount, runTimeNs } = program.info();
  expect(runCount - before).toBeGreaterThanOrEqual(23);
  expect(runTimeNs).toBeGreaterThan(0);
});

kernelTest(["raw-tracepoint"], "a test run with a context", ({ kernel }) => {
  using program = load_(kernel, [load(8, r0, r1, 8), exit()], "second");
  const context = new Uint8Array(BigUint64Array.from([1n, 4711n]).buffer);
  expect(program.testRun({ context })).toBe(4711);
  expect(program.testRun({ context, cpu: 0 })).toBe(4711);
});

kernelTest(["raw-tracepoint"], "a licence that forbids a helper", ({ kernel }) => {
  const code = [call(helper.probeRead), mov(r0, 0), exit()];
  expect(() => kernel.load({ name: "closed", hook, code, license: "Proprietary" }, () => -1)).toThrow(/GPL/i);
});

kernelTest(["raw-tracepoint"], "a name the kernel would not take", ({ kernel }) => {
  expect(() => load_(kernel, [mov(r0, 0), exit()], "a-b")).toThrow('program "a-b": a name is 1 to 15');
});
