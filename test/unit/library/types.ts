/**
 * Compiled, never run: what users of the library may write. A line under `@ts-expect-error` that compiles after all
 * is an error of the compiler's.
 */
import type {
  BloomFilter,
  BpfMap,
  BpfQueue,
  Hook,
  Link,
  MappedArray,
  MapSpec,
  Program,
  RingBuffer,
} from "../../../src";
import {
  arrayMap,
  bloomFilter,
  count64,
  cstring,
  type Decoded,
  exit,
  features,
  hashMap,
  loadMap,
  mappableArray,
  mov,
  openKernel,
  type ProbeSpec,
  perCpuHashMap,
  queueMap,
  Resources,
  r0,
  r1,
  ringBuffer,
  Session,
  struct,
  u32,
  vmlinuxBtf,
} from "../../../src";

const Key = struct({ pid: u32, name: cstring(16) });
const counts = hashMap("counts", { key: Key, value: count64, maxEntries: 64 });
const perCpu = perCpuHashMap("per_cpu", { key: u32, value: count64, maxEntries: 64 });
const slots = mappableArray("slots", count64, 8);
const events = ringBuffer("events", 4096, Key);
const raw = ringBuffer("raw", 4096);
const jobs = queueMap("jobs", u32, 16);
const seen = bloomFilter("seen", u32, 16);
const hook: Hook = { kind: "raw-tracepoint", name: "sys_enter" };
const probe: ProbeSpec = {
  maps: [counts, perCpu, slots, events, raw, jobs, seen],
  programs: [{ name: "nothing", hook, code: [loadMap(r1, counts), mov(r0, 0), exit()] }],
};

/** What the session's readers give, by the map they are asked for. */
export function readers(): unknown {
  using session = Session.open(openKernel(), probe);
  const entries: [{ pid: number; name: string }, number][] = session.map(counts).entries();
  const one: number | undefined = session.map(counts).lookup({ pid: 1, name: "init" });
  const each: number[] | undefined = session.perCpuMap(perCpu).lookup(1);
  const slot: number = session.mappedArray(slots).get(0);
  const records: Decoded<typeof Key>[] = session.ringBuffer(events).drain();
  const bytes: Uint8Array[] = session.ringBuffer(raw).drain();
  const job: number | undefined = session.queue(jobs).pop();
  const maybe: boolean = session.bloomFilter(seen).mayHave(1);
  // @ts-expect-error a key has all its fields
  session.map(counts).lookup({ pid: 1 });
  // @ts-expect-error the value is a number
  session.map(counts).update({ pid: 1, name: "init" }, "1");
  // @ts-expect-error a per-CPU map has a value for each CPU
  const single: number | undefined = session.perCpuMap(perCpu).lookup(1);
  // @ts-expect-error an array of counters is no ring buffer
  session.ringBuffer(slots);
  return [entries, one, each, slot, records, bytes, job, maybe, single];
}

/** Every owner is disposable. */
export function owners(): void {
  const kernel = openKernel();
  using owned = new Resources();
  using session: Session = Session.open(kernel, probe);
  using map: BpfMap<number, number> = kernel.createMap(arrayMap("numbers", u32, 4));
  using several: BpfMap<number, number[]> = kernel.createPerCpuMap(perCpu);
  using array: MappedArray<number> = kernel.createMappedArray(slots);
  using ring: RingBuffer<{ pid: number; name: string }> = kernel.createRingBuffer(events);
  using queue: BpfQueue<number> = kernel.createQueue(jobs);
  using filter: BloomFilter<number> = kernel.createBloomFilter(seen);
  using opened: BpfMap<number, number> = kernel.openMap(arrayMap("numbers", u32, 4), {
    pinned: "/sys/fs/bpf/x",
  });
  using program: Program = kernel.load({ name: "nothing", hook, code: [mov(r0, 0), exit()] }, () => -1);
  using link: Link = kernel.attach(program, hook);
  using stats = kernel.enableStats();
  owned.use(link);
  void [session, map, several, array, ring, queue, filter, opened, stats];
}

/** A ring buffer is an async iterable. */
export async function streams(ring: RingBuffer<{ pid: number }>, signal: AbortSignal): Promise<number> {
  let sum = 0;
  for await (const { pid } of ring) sum += pid;
  for await (const { pid } of ring.records({ signal, wake: "event" })) sum += pid;
  for await (const batch of ring.batches({ signal, intervalMs: 10 })) sum += batch.length;
  const iterable: AsyncIterable<{ pid: number }> = ring;
  void iterable;
  return sum;
}

/** Hooks and maps are checked where they are written. */
export const wrong: readonly unknown[] = [
  // @ts-expect-error there is no such kind
  { kind: "raw_tracepoint", name: "sys_enter" } satisfies Hook,
  // @ts-expect-error a clock needs a frequency
  { kind: "perf-event", name: "cpu-clock" } satisfies Hook,
  // @ts-expect-error the size is missing
  hashMap("counts", { key: u32, value: count64 }),
  // @ts-expect-error there is no such feature
  features(openKernel()).state("flux-capacitor"),
];

/** Types and features are looked up by name. */
export const facts: readonly [number | undefined, string, MapSpec<number, number>] = [
  vmlinuxBtf()?.member("task_struct", "pid")?.offset,
  features(openKernel()).state("ring-buffer"),
  slots,
];
