/** Stacks of programs without frame pointers: copied by a program at a clock, unwound here. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { emitRecord, exit, label, mov, r0, r6 } from "../../../src/asm";
import type { Kernel } from "../../../src/bpf/kernel";
import { ringBuffer } from "../../../src/bpf/map-spec";
import { Session } from "../../../src/bpf/session";
import { keepTask, TASK_FILTER_STACK } from "../../../src/probes/task-filter";
import { copyUserStack, UserStackView, userStackCodec } from "../../../src/probes/user-stack-copy";
import { UnwindInfos } from "../../../src/symbols/unwind/process-code";
import { Unwinder } from "../../../src/symbols/unwind/unwinder";
import { UserSymbols } from "../../../src/symbols/user-symbols";
import { compiled } from "../../compiled";
import { kernelTest } from "../kernel-test";

/** A chain of calls that spins, reads from /dev/zero, or sleeps in between; in a thread, or 200 frames deeper. */
const source = `
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#define CHAIN __attribute__((noinline))
static volatile unsigned long sink;
static const char *mode;
static char room[1 << 20];
CHAIN void spins(void) { for (unsigned long i = 0; i < 1000000; i++) sink += i; }
CHAIN void reads(void) { int fd = open("/dev/zero", O_RDONLY); for (int i = 0; i < 50; i++) sink += read(fd, room, sizeof room); close(fd); }
CHAIN void inner(void) { if (*mode == 'r') reads(); else spins(); sink++; }
CHAIN void middle(unsigned long n) { char space[64]; memset(space, n, sizeof space); sink += space[n % 64]; inner(); sink++; }
CHAIN unsigned long deeper(unsigned long n) { if (n == 0) { middle(3); return 1; } return deeper(n - 1) * n + sink; }
CHAIN void outer(void) { if (*mode == 'd') sink += deeper(200); else middle(sink); sink++; }
static void *thread(void *arg) { for (;;) outer(); return arg; }
int main(int argc, char **argv) {
  pthread_t other;
  mode = argv[1];
  write(1, "m", 1);
  if (*mode == 't') { pthread_create(&other, 0, thread, 0); pthread_join(other, 0); }
  for (;;) outer();
}`;

const living = new Set<ChildProcess>();

afterAll(() => {
  for (const child of living) child.kill("SIGKILL");
});

const FLAGS = ["-O2", "-fomit-frame-pointer", "-fno-optimize-sibling-calls", "-pthread"];

interface Sampled {
  readonly names: readonly string[];
  readonly end: string;
  /** Bytes of the stack that the program copied. */
  readonly copied: number;
}

/** Unwinding takes an emulated machine ten milliseconds each. */
const SAMPLES = process.env["BPFKIT_GUEST"] === undefined ? 101 : 29;

/** Samples a run of the program until there are enough stacks, and unwinds them. */
async function sampled(kernel: Kernel, mode: string, stackSize: number): Promise<Sampled[]> {
  const child = spawn(compiled(source, { name: "bk-unwound", flags: FLAGS }), [mode], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  living.add(child);
  // It is in main, and everything is mapped.
  await once(child.stdout, "data");
  const pid = child.pid as number;
  const codec = userStackCodec(kernel.facts.arch, stackSize);
  const ring = ringBuffer("ring", 1 << 21);
  const drop = label("drop");
  using symbols = new UserSymbols();
  using session = Session.open(kernel, {
    maps: [ring],
    programs: [
      {
        name: "copy",
        hook: { kind: "perf-event", name: "cpu-clock", frequency: 499 },
        code: [
          keepTask({ pids: [pid] }, kernel.facts.pidNamespace, -TASK_FILTER_STACK, drop),
          emitRecord({
            ring,
            size: codec.size,
            record: r6,
            fill: copyUserStack(codec, kernel.facts, r6, 0),
          }),
          [drop, mov(r0, 0), exit()],
        ],
      },
    ],
  });
  const process_ = new UnwindInfos().of(symbols.process(pid));
  const unwinder = new Unwinder(kernel.facts.arch);
  const copy = new UserStackView(codec);
  const found: Sampled[] = [];
  while (found.length < SAMPLES) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    session.ringBuffer(ring).consume((view, at) => {
      copy.show(view, at);
      const { pcs, length, end } = unwinder.unwind(process_, copy);
      const names = [...pcs.subarray(0, length)].map(
        (pc, i) => symbols.lookup(pid, BigInt(i === 0 ? pc : pc - 1)).name ?? "?",
      );
      found.push({ names, end, copied: copy.stackLength });
    });
  }
  child.kill("SIGKILL");
  return found;
}

/** How many have these functions one below the other, the innermost first. */
function through(samples: readonly Sampled[], ...chain: readonly string[]): number {
  return samples.filter(({ names }) => names.join(" ").includes(chain.join(" "))).length;
}

const NEEDS = ["perf-event", "ring-buffer", "program:gcc"];

kernelTest(NEEDS, "on its processor: every sample leads to main", async ({ kernel }) => {
  const samples = await sampled(kernel, "spin", 8192);
  expect(samples.map(({ end }) => end)).toEqual(samples.map(() => "complete"));
  expect(through(samples, "spins", "inner", "middle", "outer", "main")).toBeGreaterThan(samples.length * 0.9);
  expect(through(samples, "outer", "main")).toBe(samples.length);
});

kernelTest(NEEDS, "in the kernel: the call into it and its callers", async ({ kernel }) => {
  const samples = await sampled(kernel, "read", 8192);
  expect(samples.map(({ end }) => end)).toEqual(samples.map(() => "complete"));
  expect(through(samples, "reads", "inner", "middle", "outer", "main")).toBeGreaterThan(samples.length * 0.9);
});

kernelTest(NEEDS, "a thread's stack ends where it began", async ({ kernel }) => {
  const samples = await sampled(kernel, "thread", 8192);
  expect(samples.map(({ end }) => end)).toEqual(samples.map(() => "complete"));
  expect(through(samples, "spins", "inner", "middle", "outer", "thread")).toBeGreaterThan(
    samples.length * 0.9,
  );
  expect(through(samples, "main")).toBe(0);
});

kernelTest(NEEDS, "a stack deeper than the copy is truncated, and said to be", async ({ kernel }) => {
  for (const [size, end] of [
    [2040, "truncated"],
    [16_384, "complete"],
  ] as const) {
    const samples = await sampled(kernel, "deep", size);
    const deep = samples.filter(({ names }) => names.includes("spins"));
    expect(deep.length).toBeGreaterThan(samples.length * 0.8);
    expect(new Set(deep.map((sample) => sample.end))).toEqual(new Set([end]));
    for (const { copied, names } of deep) {
      if (end === "truncated") expect(copied).toBe(size);
      else expect(names.filter((name) => name === "deeper")).toHaveLength(201);
    }
  }
});
