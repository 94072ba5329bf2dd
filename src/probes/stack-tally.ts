/**
 * How often each pair of a kernel stack and a user stack was met, by whose it is, counted in the kernel. A key that is
 * new is announced in a ring buffer, so that user space can look at the process while it lives. Pure but for
 * `readTallyLosses`, which reads an open session.
 */
import { add, lsh, mov, mul, rsh, xor } from "../asm/alu";
import { atomicAdd } from "../asm/atomic";
import { helper } from "../asm/helper-ids";
import { type Block, type Label, label } from "../asm/instruction";
import { call, jump, jump32 } from "../asm/jump";
import { emitRecord } from "../asm/macros/record";
import { COMM_SIZE, readComm, zero } from "../asm/macros/stack";
import { load, loadImm64, loadMapValue, store } from "../asm/memory";
import { fp, type Register, r0, r1, r2, r3, r4, r5 } from "../asm/register";
import type { KernelFacts } from "../bpf/facts";
import { arrayMap, hashMap, type MapSpec, mappableArray, type RingSpec, ringBuffer } from "../bpf/map-spec";
import type { Session } from "../bpf/session";
import { MapUpdate } from "../core/bpf-uapi";
import { bytes, type Codec, count64, cstring, type StructCodec, struct, u32, u64 } from "../core/codec";
import { errno } from "../core/errno";
import { readProcessComm, shownIds } from "./current-task";
import { HASH_MULTIPLIER, isStack, StackId, type StackSide, type Tip } from "./stack-store";
import { findMap, loadFoundMap, type TurnMap, turnMap } from "./turn-map";

/** What stacks are grouped by; the process is always known, because user addresses mean nothing without it. */
export const stackDimensions = ["process", "thread", "comm", "cpu", "cgroup", "container"] as const;
export type StackDimension = (typeof stackDimensions)[number];

/** Whose stack it is. Fields that nobody asked for are undefined. */
export interface StackKey {
  readonly kernel: bigint;
  readonly user: bigint;
  /** The innermost addresses, where the stacks are those of their callers; 0 where there is none, or it is in the stack. */
  readonly kernelTip?: bigint;
  readonly userTip?: bigint;
  readonly cgroup?: bigint;
  /** Of the process, or of the thread where threads or names are told apart. */
  readonly comm: string;
  readonly pid: number;
  readonly tid?: number;
  readonly cpu?: number;
  /** Why it was off its processor: see `off-cpu.ts`; ON_CPU when it was on it. */
  readonly state?: number;
  /** Who ended the wait: see `wakers.ts`. An empty name where nobody was seen. */
  readonly wakerKernel?: bigint;
  readonly wakerUser?: bigint;
  readonly wakerComm?: string;
  readonly wakerPid?: number;
  /** What was called, where stacks of several functions are told apart. */
  readonly site?: number;
}

/** How many of the user stacks of a key were kept. */
export function userStacks({ user, wakerUser }: Pick<StackKey, "user" | "wakerUser">): number {
  return Number(isStack(user)) + Number(wakerUser !== undefined && isStack(wakerUser));
}

/** In place of a state. */
export const ON_CPU = 0xffff_ffff;

export interface StackKeyParts {
  readonly by: StackDimension;
  readonly state: boolean;
  readonly waker: boolean;
  /** Tell apart what was called. */
  readonly site?: boolean;
  /** Innermost addresses apart from the stacks of their callers. */
  readonly tips?: boolean;
}

export type StackKeyCodec = StructCodec<Readonly<Record<keyof StackKey, Codec<never>>>> & Codec<StackKey>;

/** The layout of a key, widest fields first, so that padding is at its end only. */
export function stackKeyCodec({
  by,
  state,
  waker,
  site = false,
  tips = false,
}: StackKeyParts): StackKeyCodec {
  return struct({
    kernel: u64,
    user: u64,
    ...(tips ? { kernelTip: u64, userTip: u64 } : {}),
    ...(waker ? { wakerKernel: u64, wakerUser: u64 } : {}),
    ...(by === "cgroup" || by === "container" ? { cgroup: u64 } : {}),
    comm: cstring(COMM_SIZE),
    ...(waker ? { wakerComm: cstring(COMM_SIZE) } : {}),
    pid: u32,
    ...(by === "thread" ? { tid: u32 } : {}),
    ...(by === "cpu" ? { cpu: u32 } : {}),
    ...(state ? { state: u32 } : {}),
    ...(waker ? { wakerPid: u32 } : {}),
    ...(site ? { site: u32 } : {}),
  }) as unknown as StackKeyCodec;
}

/** Where the tips are in the key at `fp + at`, if they are told apart. */
export function tipsAt({ key, parts }: StackTally, at: number): Partial<Record<StackSide, Tip>> {
  const { kernelTip, userTip } = key.offsets;
  return parts.tips === true ? { kernel: at + kernelTip, user: at + userTip } : {};
}

export interface KeyRegisters {
  readonly kernel: Register;
  readonly user: Register;
  readonly state?: Register;
  readonly site?: Register;
  /** They are in the key already; otherwise there are none. */
  readonly tips?: "there";
}

/** Writes the key of the current task, woken by nobody yet, to `fp + at`. `scratch` names SHOWN_IDS_SIZE free bytes. Loses r0–r5. */
export function writeStackKey(
  codec: StackKeyCodec,
  { by }: StackKeyParts,
  at: number,
  registers: KeyRegisters,
  facts: Pick<KernelFacts, "btf" | "pidNamespace">,
  scratch: number,
): Block {
  const to = (field: keyof StackKey) => at + codec.offsets[field];
  const has = (field: keyof StackKey) => field in codec.fields;
  const ofThread = by === "thread" || by === "comm";
  return [
    zero(fp, at + codec.size - codec.holes, codec.holes),
    [store(8, fp, to("kernel"), registers.kernel), store(8, fp, to("user"), registers.user)],
    has("userTip") && registers.tips === undefined
      ? [store(8, fp, to("kernelTip"), 0), store(8, fp, to("userTip"), 0)]
      : [],
    has("state") ? [store(4, fp, to("state"), registers.state ?? ON_CPU | 0)] : [],
    (["wakerKernel", "wakerUser", "wakerComm", "wakerPid"] as const).map((field) =>
      has(field) ? zero(fp, to(field), codec.fields[field].size) : [],
    ),
    has("site") ? [store(4, fp, to("site"), registers.site ?? 0)] : [],
    ofThread ? readComm(to("comm")) : readProcessComm(facts.btf(), to("comm"), scratch),
    has("cgroup") ? [call(helper.getCurrentCgroupId), store(8, fp, to("cgroup"), r0)] : [],
    has("cpu") ? [call(helper.getSmpProcessorId), store(4, fp, to("cpu"), r0)] : [],
    shownIds(facts.pidNamespace, scratch),
    has("tid") ? [store(4, fp, to("tid"), r0)] : [],
    [mov(r1, r0), rsh(r1, 32), store(4, fp, to("pid"), r1)],
  ];
}

/** What was counted for a key. */
export interface StackWeight {
  /** Samples or events. */
  readonly count: number;
  /** The sum of their weights: nanoseconds, bytes, or again the count. */
  readonly total: number;
}

const Weight = struct({ count: count64, total: count64 });
const Losses = struct({ mapFull: count64, mapBusy: count64 });

/** A process of which a stack was met for the first time. */
export interface Announcement {
  readonly comm: string;
  readonly pid: number;
}

const Announced = struct({ comm: cstring(COMM_SIZE), pid: u32 });
/** Room for some 1600 announcements between two looks. What does not fit is found at the end, if it still lives. */
const ANNOUNCEMENT_BYTES = 64 << 10;

/** How soon a process is told of again that goes on to have new stacks; then twice as long, and so on. */
const FIRST_PAUSE_NS = 4_000_000;
/** Processes of which it is remembered; others are told of more often, as are those that share a place. */
const MET_BITS = 10;
const Met = struct({ tag: u64, nextNs: u64, pauseNs: u64, unused: u64 });

export interface StackTally {
  readonly parts: StackKeyParts;
  readonly key: StackKeyCodec;
  readonly maps: readonly MapSpec[];
  readonly counts: TurnMap<StackKey, StackWeight>;
  readonly blank: MapSpec<number, StackWeight>;
  readonly losses: MapSpec<number, { mapFull: number; mapBusy: number }>;
  readonly announcements: RingSpec<Announcement>;
  /** Of whom was told when. */
  readonly met: MapSpec<number, Uint8Array>;
}

/** Lays out the maps; what is counted may be emptied now and then. */
export function stackTally(parts: StackKeyParts, maxEntries: number, takesTurns: boolean): StackTally {
  const key = stackKeyCodec(parts);
  const map = hashMap<StackKey, StackWeight>("stack_counts", { key, value: Weight, maxEntries });
  const counts = turnMap(map, takesTurns);
  const blank = mappableArray("stack_blank", Weight, 1);
  const losses = mappableArray("count_losses", Losses, 1);
  const announcements = ringBuffer<Announcement>("stack_tasks", ANNOUNCEMENT_BYTES, Announced);
  const met = arrayMap("stack_met", bytes(Met.size << MET_BITS), 1);
  const maps = [...counts.maps, blank, losses, announcements, met] as readonly unknown[] as MapSpec[];
  return { parts, key, maps, counts, blank, losses, announcements, met };
}

/**
 * Counts one for the key at `key + at`, and adds `weight` to its total. `key` and `weight` are kept by calls, or `key`
 * is the frame pointer. `work` is one more register that they keep, `slot` names TURN_SLOT free bytes of the stack.
 * Loses r0–r5 and `work`.
 */
export function addToStacks(
  tallied: StackTally,
  key: Register,
  at: number,
  weight: Register | number,
  work: Register,
  slot: number,
): Block {
  const { counts, blank, losses } = tallied;
  const [found, again, done] = [label("counted"), label("again"), label("added")];
  const [full, lost] = [label("full"), label("lost")];
  const address: Block = [mov(r2, key), add(r2, at)];
  const map = loadFoundMap(counts, slot);
  const find: Block = [map, address, call(helper.mapLookupElem), jump.ne(r0, 0, found)];
  return [
    [findMap(counts, slot, done), find],
    [map, address, loadMapValue(r3, blank), mov(r4, MapUpdate.BPF_NOEXIST)],
    [call(helper.mapUpdateElem), jump32.eq(r0, -errno.EEXIST, again), jump32.ne(r0, 0, full)],
    announce(tallied, key, at, work, "unless just met"),
    [again, find, mov(r3, Losses.offsets.mapBusy), jump.always(lost)],
    // The kernel refuses to wait for a lock that this processor holds already: EBUSY.
    [full, mov(r3, Losses.offsets.mapFull), jump32.eq(r0, -errno.E2BIG, lost)],
    mov(r3, Losses.offsets.mapBusy),
    [lost, loadMapValue(r1, losses), add(r1, r3), mov(r2, 1), atomicAdd(8, r1, 0, r2), jump.always(done)],
    [found, mov(r1, 1), atomicAdd(8, r0, Weight.offsets.count, r1), mov(r1, weight)],
    [atomicAdd(8, r0, Weight.offsets.total, r1), done],
  ];
}

/**
 * Says whose key it is, and by whom it was woken, and wakes the reader: the process may end at any time. Each look of the
 * reader costs, so whose keys are many is told of ever more seldom, and who has no user stack not at all, unless `when` says always. When the ring is full
 * nobody is told, and the process is looked at later. The key is at `key + at`. Loses r0–r5 and `work`.
 */
export function announce(
  tallied: StackTally,
  key: Register,
  at: number,
  work: Register,
  when: "always" | "unless just met" = "always",
): Block {
  const { comm, pid, user, wakerComm, wakerPid, wakerUser } = tallied.key.offsets;
  const named = (commAt: number, pidAt: number, userAt: number): Block => {
    const skip = label("just_met");
    const commOf: Block = [load(8, r1, key, at + commAt), load(8, r2, key, at + commAt + 8)];
    return [
      when === "always"
        ? []
        : [
            // What has no user side has no files.
            [load(8, r1, key, at + userAt), jump.eq(r1, Number(StackId.none), skip)],
            [commOf, load(4, r3, key, at + pidAt), skipIfMet(tallied, work, skip)],
          ],
      emitRecord({
        ring: tallied.announcements as RingSpec,
        size: Announced.size,
        record: work,
        fill: [
          [commOf, load(4, r5, key, at + pidAt)],
          [store(8, work, Announced.offsets.comm, r1), store(8, work, Announced.offsets.comm + 8, r2)],
          store(4, work, Announced.offsets.pid, r5),
        ],
      }),
      skip,
    ];
  };
  const ofWaker = "wakerComm" in tallied.key.fields ? named(wakerComm, wakerPid, wakerUser) : [];
  return [named(comm, pid, user), ofWaker];
}

/** Goes to `skip` if it is not yet time again for the process r3 of the name in r1 and r2. Loses r0–r5 and `slot`. */
function skipIfMet({ met }: StackTally, slot: Register, skip: Label): Block {
  const known = label("met_before");
  const { tag, nextNs, pauseNs } = Met.offsets;
  return [
    [xor(r1, r2), loadImm64(r2, HASH_MULTIPLIER), mul(r1, r2), add(r1, r3), mul(r1, r2)],
    [mov(r2, r1), rsh(r2, 64 - MET_BITS), mul(r2, Met.size), loadMapValue(slot, met), add(slot, r2)],
    [load(8, r2, slot, tag), jump.eq(r2, r1, known)],
    [store(8, slot, tag, r1), store(8, slot, nextNs, 0), store(8, slot, pauseNs, FIRST_PAUSE_NS)],
    [known, call(helper.ktimeGetNs), load(8, r1, slot, nextNs), jump.lt(r0, r1, skip)],
    [load(8, r1, slot, pauseNs), add(r0, r1), store(8, slot, nextNs, r0)],
    [lsh(r1, 1), store(8, slot, pauseNs, r1)],
  ];
}

/** What could not be counted so far. */
export interface TallyLosses {
  readonly mapFull: number;
  readonly mapBusy: number;
}

/** Reads how much that was. */
export function readTallyLosses({ losses }: StackTally, session: Session): TallyLosses {
  return session.mappedArray(losses).get(0);
}
