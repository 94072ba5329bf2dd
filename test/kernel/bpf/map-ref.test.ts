/** Entries that user space and programs write at the same time. */
import { once } from "node:events";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import {
  add,
  atomicAdd,
  type Block,
  emitRecord,
  exit,
  jump32,
  label,
  load,
  loadMapValue,
  mov,
  r0,
  r1,
  r2,
  r6,
  r7,
  r8,
  store,
} from "../../../src/asm";
import { currentPid } from "../../../src/asm/macros/filter";
import { ringBuffer } from "../../../src/bpf/map-spec";
import type { ProbeSpec } from "../../../src/bpf/program-spec";
import { stackMap } from "../../../src/bpf/queue-spec";
import { Session } from "../../../src/bpf/session";
import { RingBufferFlag } from "../../../src/core/bpf-uapi";
import { struct, u32, u64 } from "../../../src/core/codec";
import { nativeAbi, syscallNumber } from "../../../src/symbols/syscalls";
import { kernelTest } from "../kernel-test";
import { rounds } from "../rounds";
import { raw, repeat } from "../syscall-top/raw-syscalls";
import { hammered, type Task } from "./hammer";

const NEEDS = ["raw-tracepoint", "mmapable-array"];

/** Adds one to the counter at each getppid of this process. */
function counting(): ProbeSpec {
  const other = label("other");
  const code: Block = [
    [load(8, r6, r1, 8), jump32.ne(r6, syscallNumber(nativeAbi(process.arch), "getppid") as number, other)],
    [currentPid(), jump32.ne(r0, process.pid, other)],
    [loadMapValue(r1, hammered), mov(r2, 1), atomicAdd(8, r1, 0, r2)],
    [other, mov(r0, 0), exit()],
  ];
  return {
    maps: [hammered as ProbeSpec["maps"][number]],
    programs: [{ name: "hammer", hook: { kind: "raw-tracepoint", name: "sys_enter" }, code }],
  };
}

/** A worker that hammers once it is told to. */
async function started(task: Task): Promise<() => Promise<void>> {
  const worker = new Worker(join(__dirname, "hammer.js"), { workerData: task });
  await once(worker, "online");
  return async () => {
    const answered = once(worker, "message");
    worker.postMessage("go");
    await answered;
    await worker.terminate();
  };
}

kernelTest(
  NEEDS,
  "compare-and-set of three threads, add of a program: no update is lost",
  async ({ kernel }) => {
    raw().call("getuid"); // what koffi does at the first call shall be done by now
    using session = Session.open(kernel, counting());
    const array = session.mappedArray(hammered);
    const times = rounds(30_011, 3001);
    const task = { map: array.details().id, times };
    const workers = await Promise.all([started(task), started(task), started(task)]);
    const hammering = Promise.all(workers.map((go) => go()));
    let calls = 0;
    for (let done = false; !done; calls += 101) {
      repeat(101, "getppid");
      done = await Promise.race([
        hammering.then(() => true),
        new Promise<false>((resolve) => setImmediate(resolve, false)),
      ]);
    }
    expect(array.ref(0).get()).toBe(BigInt(3 * times + calls));
  },
);

kernelTest(NEEDS, "a watcher sees every change that a program makes", async ({ kernel }) => {
  using session = Session.open(kernel, counting());
  const watch = session.mappedArray(hammered).watch(0, { intervalMs: 2 });
  for (let value = 1n; value <= 11n; value++) {
    repeat(1, "getppid");
    expect(await watch.next()).toMatchObject({ value: { key: 0, old: value - 1n, value, skipped: 0 } });
  }
  repeat(1009, "getppid");
  expect(await watch.next()).toMatchObject({ value: { old: 11n, value: 1020n, skipped: 0 } });
  await watch.return();
});

const Told = struct({ key: u32, old: u64, value: u64 });
const told = ringBuffer("told", 64 * 1024, Told);

/** Adds three at each getppid of this process, and announces what it changes. */
function announcing(): ProbeSpec {
  const other = label("other");
  const { key, old, value } = Told.offsets;
  const code: Block = [
    [load(8, r6, r1, 8), jump32.ne(r6, syscallNumber(nativeAbi(process.arch), "getppid") as number, other)],
    [currentPid(), jump32.ne(r0, process.pid, other)],
    [loadMapValue(r7, hammered), load(8, r8, r7, 0)],
    emitRecord({
      ring: told,
      size: Told.size,
      record: r6,
      fill: [
        [store(8, r6, key, 0), store(8, r6, old, r8)],
        [add(r8, 3), store(8, r6, value, r8), store(8, r7, 0, r8)],
      ],
      flags: RingBufferFlag.BPF_RB_NO_WAKEUP,
    }),
    [other, mov(r0, 0), exit()],
  ];
  const hook = { kind: "raw-tracepoint", name: "sys_enter" } as const;
  return {
    maps: [hammered as ProbeSpec["maps"][number], told as ProbeSpec["maps"][number]],
    programs: [{ name: "announce", hook, code }],
  };
}

kernelTest(
  [...NEEDS, "ring-buffer"],
  "where the program announces its changes a watcher sees each of a fast counter",
  async ({ kernel }) => {
    raw().call("getuid"); // what koffi does at the first call shall be done by now
    using session = Session.open(kernel, announcing());
    const watch = session.mappedArray(hammered).watch(0, { announced: session.ringBuffer(told) });
    repeat(1009, "getppid");
    for (let seen = 1n; seen <= 1009n; seen++)
      expect(await watch.next()).toMatchObject({
        value: { key: 0, old: 3n * (seen - 1n), value: 3n * seen, skipped: 0 },
      });
    await watch.return();
  },
);

kernelTest(["stack"], "a stack is a channel, the latest value first", async ({ kernel }) => {
  using stack = kernel.createQueue(stackMap("channel", u32, 8));
  for (const value of [2, 3, 5]) stack.push(value);
  const seen: number[] = [];
  for await (const value of stack) {
    seen.push(value);
    if (seen.length === 3) break;
  }
  expect(seen).toEqual([5, 3, 2]);
  expect(stack.pop()).toBeUndefined();
});
