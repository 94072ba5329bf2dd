/** Stacks that the kernel walks by published rows, each beside a copy of the same stack that is unwound here. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { emitRecord, exit, label, mov, r0, r1, r7, r8, r9, store } from "../../../src/asm";
import type { Kernel } from "../../../src/bpf/kernel";
import { ringBuffer } from "../../../src/bpf/map-spec";
import { Session } from "../../../src/bpf/session";
import { count64, struct, u64 } from "../../../src/core/codec";
import { isStack, StackId, stackStore } from "../../../src/probes/stack-store";
import { keepTask, TASK_FILTER_STACK } from "../../../src/probes/task-filter";
import { PublishedRows } from "../../../src/probes/unwind/published-rows";
import { unwindRows } from "../../../src/probes/unwind/rows";
import { walkFields, walkUserStack } from "../../../src/probes/unwind/walk";
import { copyUserStack, UserStackView, userStackCodec } from "../../../src/probes/user-stack-copy";
import { UnwindInfos } from "../../../src/symbols/unwind/process-code";
import { type UnwindEnd, Unwinder } from "../../../src/symbols/unwind/unwinder";
import { UserSymbols } from "../../../src/symbols/user-symbols";
import { compiled } from "../../compiled";
import { kernelTest } from "../kernel-test";
import { rounds } from "../rounds";

/**
 * Calls of all kinds: recursion, many registers saved, a large frame, one that is made at run time, qsort's callbacks, system
 * calls; in the first thread or in another one, or at a depth of some 200 frames.
 */
const source = `
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#define CHAIN __attribute__((noinline))
static volatile unsigned long sink;
static const char *mode;
CHAIN unsigned long leaf(unsigned long n) { unsigned long s = 0; for (unsigned long i = 0; i < 200 + n % 7; i++) s += i * n ^ sink; return s; }
CHAIN unsigned long many(unsigned long a, unsigned long b, unsigned long c, unsigned long d) {
  unsigned long e = leaf(a), f = leaf(b), g = leaf(c), h = leaf(d), i = leaf(a + b), j = leaf(c + d);
  return leaf(e + f) + leaf(g + h) + leaf(i + j) + e * f + g * h + i * j + a + b + c + d;
}
CHAIN unsigned long large(unsigned long n) { char room[6000]; memset(room, n, sizeof room); sink += room[n % sizeof room]; return many(n, 1, 2, 3) + room[n % 17]; }
CHAIN unsigned long sized(unsigned long n) { char *room = __builtin_alloca(64 + n % 512); memset(room, n, 64); sink += room[n % 64]; return large(n) + room[n % 64]; }
CHAIN unsigned long deep(unsigned long n, unsigned long m) { return n == 0 ? sized(m) : deep(n - 1, m) * n + sink; }
static int compare(const void *a, const void *b) { sink += leaf(3); return *(const int *)a - *(const int *)b; }
CHAIN void sorts(void) { int all[300]; for (int i = 0; i < 300; i++) all[i] = i * 7919 % 300; qsort(all, 300, sizeof *all, compare); sink += all[7]; }
CHAIN void reads(void) { static char room[1 << 16]; int fd = open("/dev/zero", O_RDONLY); for (int i = 0; i < 5; i++) sink += read(fd, room, sizeof room); close(fd); }
CHAIN void outer(unsigned long n) { if (*mode == 'd') { sink += deep(200, n); return; } sink += deep(n % 9, n); sorts(); reads(); sink += getppid() + atoi("12"); }
static void *thread(void *arg) { for (unsigned long n = 0;; n++) outer(n); return arg; }
int main(int argc, char **argv) {
  pthread_t other;
  mode = argv[1];
  write(1, "m", 1);
  if (*mode == 't') { pthread_create(&other, 0, thread, 0); pthread_join(other, 0); }
  for (unsigned long n = 0;; n++) {
    outer(n);
    // More code is mapped from time to time.
    if (*mode == 'm' && n % 300 == 0) sink += (unsigned long)mmap(0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  }
}`;

const FLAGS = ["-O2", "-fomit-frame-pointer", "-fno-optimize-sibling-calls", "-pthread"];

/** Calls and substitutions of a shell, which calls its own functions through the table for others' too. */
const SHELL = `f() { local i; for ((i = 0; i < 50; i++)); do g "$i"; done; }; g() { x=\${1/0/1}; [ "$x" = 3 ]; }; echo m; while :; do f; done`;

const living = new Set<ChildProcess>();

afterAll(() => {
  for (const child of living) child.kill("SIGKILL");
});

interface Compared {
  readonly id: bigint;
  readonly space: bigint;
  readonly missing: number;
  readonly end: UnwindEnd;
  /** What was unwound here. */
  readonly unwound: readonly string[];
  /** What the kernel has walked. */
  readonly walked: readonly string[] | undefined;
}

/** An emulated machine takes some ten milliseconds to unwind one: few enough for the samples not to wait in the ring for long. */
const IS_GUEST = process.env["BPFKIT_GUEST"] !== undefined;
const [FREQUENCY, SAMPLES, SHARE] = IS_GUEST ? [19, 80, 0.4] : [1999, 3000, 0.9];

/** The part of the last samples that are so. */
function lateShare(all: readonly Compared[], isSo: (each: Compared) => boolean): number {
  const late = all.slice(-SAMPLES / 4);
  return late.filter(isSo).length / late.length;
}

const isWalked = ({ walked }: Compared) => walked !== undefined;
const isDeep = ({ unwound }: Compared) => unwound.length > 127;

function walkedOf(all: readonly Compared[]): Compared[] {
  return all.filter(isWalked);
}

/**
 * Samples a program; what the kernel did not know is published every 10 ms. It counts for the samples that come later: how
 * much later depends on the machine, so there may be ten times as many until nearly all are as they should be at last.
 */
async function compared(
  kernel: Kernel,
  command: readonly [string, ...string[]],
  isAsItShould: (each: Compared) => boolean,
  share = SHARE,
): Promise<Compared[]> {
  const [file, ...args] = command;
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
  living.add(child);
  // It has begun, and its libraries are mapped.
  await once(child.stdout, "data");
  const pid = child.pid as number;
  const { arch } = kernel.facts;
  const copied = userStackCodec(arch, 32768);
  const Record = struct({ id: u64, space: u64, missing: count64, copy: copied });
  const ring = ringBuffer("ring", 1 << 24);
  const rows = unwindRows();
  const stacks = stackStore(16_384, false);
  const drop = label("drop");
  const walk = { id: r8, work: r9, stack: -TASK_FILTER_STACK };
  const results = walkFields(rows, walk);
  using symbols = new UserSymbols();
  using session = Session.open(kernel, {
    maps: [ring, ...rows.maps, ...stacks.maps] as never,
    programs: [
      {
        name: "walk",
        hook: { kind: "perf-event", name: "cpu-clock", frequency: FREQUENCY },
        code: [
          keepTask({ pids: [pid] }, kernel.facts.pidNamespace, -TASK_FILTER_STACK, drop),
          walkUserStack(rows, stacks, kernel.facts, walk),
          emitRecord({
            ring,
            size: Record.size,
            record: r7,
            fill: [
              store(8, r7, Record.offsets.id, r8),
              [results.space ?? [], store(8, r7, Record.offsets.space, r1)],
              [results.missing ?? [], store(8, r7, Record.offsets.missing, r1)],
              copyUserStack(copied, kernel.facts, r7, Record.offsets.copy),
            ],
          }),
          [drop, mov(r0, 0), exit()],
        ],
      },
    ],
  });
  const code = new UnwindInfos().of(symbols.process(pid));
  const published = new PublishedRows(session, rows, arch);
  const unwinder = new Unwinder(arch);
  const copy = new UserStackView(copied);
  const found: Compared[] = [];
  const hex = (pcs: Iterable<number | bigint>) => Array.from(pcs, (pc) => pc.toString(16));
  const isKnown = () => found.length >= SAMPLES && lateShare(found, isAsItShould) > share;
  while (found.length < 10 * SAMPLES && !isKnown()) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    session.ringBuffer(ring).consume((view, at) => {
      copy.show(view, at + Record.offsets.copy);
      const { id, space, missing } = Record.decode(view, at);
      const stack = unwinder.unwind(code, copy);
      const walked = isStack(id) ? session.map(stacks.stacks.map).lookup(id) : undefined;
      const unwound = hex(stack.pcs.subarray(0, stack.length));
      found.push({ id, space, missing, end: stack.end, unwound, walked: walked && hex(walked) });
      if (missing !== 0) published.publish(code, stack, space, missing);
    });
  }
  child.kill("SIGKILL");
  return found;
}

const NEEDS = ["perf-event", "ring-buffer", "program:gcc"];

const program = (mode: string): [string, string] => [
  compiled(source, { name: "bk-walked", flags: FLAGS }),
  mode,
];

const commands: readonly (readonly [string, () => readonly [string, ...string[]]])[] = [
  ["the first thread", () => program("first")],
  ["another thread", () => program("thread")],
  ["code is mapped on the way", () => program("maps")],
  ["a shell", () => ["bash", "-c", SHELL]],
];

// An emulated machine takes a minute for each.
describe.each(commands.slice(0, rounds(commands.length, 1)))("%s", (_, command) => {
  kernelTest(
    NEEDS,
    "what the kernel walks is what is unwound here, and nearly all is",
    async ({ kernel }) => {
      const all = await compared(kernel, command(), isWalked);
      const walked = walkedOf(all);
      const differing = walked.filter((each) => each.walked?.join(" ") !== each.unwound.join(" "));
      expect(differing).toEqual([]);
      expect(walked.every(({ end, missing }) => end === "complete" && missing > 0)).toBe(true);
      expect(lateShare(all, isWalked)).toBeGreaterThan(SHARE);
    },
  );
});

kernelTest(NEEDS, "deeper stacks than there is room for are left to be unwound", async ({ kernel }) => {
  // When there is no row that would help.
  const isFollowed = (each: Compared) => !isDeep(each) || each.missing === 0;
  const all = await compared(kernel, program("deep"), isFollowed, 0.8);
  const deep = all.filter(isDeep);
  expect(deep.length).toBeGreaterThan(all.length / 4);
  expect(deep.every(({ id }) => id === StackId.copied)).toBe(true);
  expect(lateShare(all, isFollowed)).toBeGreaterThan(0.8);
});

kernelTest(NEEDS, "a change of what is mapped is another space", async ({ kernel }) => {
  const mapped = await compared(kernel, program("maps"), () => true);
  const spaces = mapped.map(({ space }) => space);
  const changes = spaces.filter((space, i) => i > 0 && space !== spaces[i - 1]).length;
  expect(changes).toBe(new Set(spaces).size - 1);
  expect(changes).toBeGreaterThan(0);
  const still = await compared(kernel, program("first"), () => true);
  expect(new Set(still.map(({ space }) => space)).size).toBe(1);
  expect(spaces).not.toContain(still[0]?.space);
});
