/**
 * Stats per key, counted in the kernel. The store is a choice:
 *
 *     array   a place for each index below a limit and each CPU in mapped memory: fastest, never full, but
 *             only for keys that are small numbers; what lies outside goes to a hash map beside it
 *     hash    one map shared by all CPUs
 *     percpu  one map with a value per CPU: no two CPUs meet
 *     lru     like hash, but makes room by evicting what was not used lately
 *
 * A full hash counts what it could not keep; what an LRU map evicted is the difference between all events
 * and those still there. Pure but for `readTally`, which reads an open session.
 */
import { add, and, lsh, mov } from "../asm/alu";
import { atomicAdd } from "../asm/atomic";
import { helper } from "../asm/helper-ids";
import { type Block, type Label, label } from "../asm/instruction";
import { call, jump, jump32 } from "../asm/jump";
import { lookup, stackAddress } from "../asm/macros/map";
import { loadMap, loadMapValue, store } from "../asm/memory";
import { fp, type Register, r0, r1, r2, r3, r4 } from "../asm/register";
import { hashMap, isPerCpu, lruHashMap, type MapSpec, mappableArray, perCpuHashMap } from "../bpf/map-spec";
import type { Session } from "../bpf/session";
import { MapUpdate } from "../core/bpf-uapi";
import { count64, struct } from "../core/codec";
import { errno } from "../core/errno";
import type { GroupKey, KeyCodec } from "./group-key";
import {
  addEvent,
  addStats,
  type EventRegisters,
  hasCounted,
  type Stats,
  type StatsParts,
  statsCodec,
} from "./stats";

export const stores = ["array", "hash", "lru", "percpu"] as const;
export type Store = (typeof stores)[number];

export interface TallyOptions {
  readonly key: KeyCodec;
  readonly parts: StatsParts;
  readonly store: Store;
  /** Of the hash map. */
  readonly maxEntries: number;
  /** Processors there may be. */
  readonly cpus: number;
  /** For the array store: the field that is the index, and how many indices have a place; a power of two. */
  readonly index?: { readonly limit: number; keyOf(index: number): GroupKey };
}

/** Where a key lies, besides on the stack. */
export interface TallyRegisters extends EventRegisters {
  /** For the array store: the index, unless `isIndexed` goes elsewhere. */
  readonly index?: Register;
}

const Losses = struct({ mapFull: count64 });

/** Shards of the array with histograms: beyond that, CPUs share, so that memory stays within 12 MB. */
const MOST_HISTOGRAM_SHARDS = 8;

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(atLeast));
}

function shardsOf({ parts, cpus }: TallyOptions): number {
  return powerOfTwo(parts.latency ? Math.min(cpus, MOST_HISTOGRAM_SHARDS) : cpus);
}

export interface Tally {
  readonly options: TallyOptions;
  readonly maps: readonly MapSpec[];
  readonly array: MapSpec<number, Stats> | undefined;
  readonly hash: MapSpec<GroupKey, Stats>;
  readonly losses: MapSpec<number, { mapFull: number }>;
  /** All events by CPU, where evictions must be found out. */
  readonly seen: MapSpec<number, number> | undefined;
  readonly blank: MapSpec<number, Stats>;
}

/** Lays out the maps of a tally. */
export function tally(options: TallyOptions): Tally {
  const { key, parts, store: kind, maxEntries, cpus, index } = options;
  const value = statsCodec(parts);
  const create = { array: hashMap, hash: hashMap, lru: lruHashMap, percpu: perCpuHashMap }[kind];
  const hash = create("tally", { key, value, maxEntries }) as MapSpec<GroupKey, Stats>;
  const array =
    kind === "array" && index !== undefined
      ? mappableArray("tally_array", value, shardsOf(options) * index.limit)
      : undefined;
  const losses = mappableArray("tally_losses", Losses, 1);
  const seen = kind === "lru" ? mappableArray("tally_seen", count64, powerOfTwo(cpus)) : undefined;
  const blank = mappableArray("tally_blank", value, 1);
  const maps = [hash, losses, blank, ...(array ? [array] : []), ...(seen ? [seen] : [])] as MapSpec[];
  return { options, maps, array, hash, losses, seen, blank };
}

/** Bytes of the stack for the index of an array. */
const INDEX_SIZE = 8;

/** Bytes of the stack that `addToTally` needs: it writes the key there itself only for the array. */
export function tallyStack({ key }: TallyOptions): number {
  return Math.ceil(key.size / 8) * 8 + INDEX_SIZE;
}

export interface AddToTally {
  readonly registers: TallyRegisters;
  /** Goes to `elsewhere` where the array has no place for this event. */
  isIndexed?(elsewhere: Label): Block;
  /** Writes the key to `fp + at`. */
  writeKey(at: number): Block;
  /** Runs when a key was inserted, with the key at `fp + at`. Loses what a call loses. */
  onNewKey?(at: number): Block;
  /** True where another program adds to this tally too: then two of them may meet on one CPU. */
  readonly hasOtherWriters?: boolean;
  /** A register to use. */
  readonly place: Register;
  /** End of `tallyStack` bytes. */
  readonly stack: number;
}

/** Adds the current event to the tally. Loses r0–r5 and `registers.durationNs`. */
export function addToTally(tallied: Tally, how: AddToTally): Block {
  const { registers, place, stack } = how;
  const indexAt = stack - tallyStack(tallied.options);
  const keyAt = indexAt + INDEX_SIZE;
  const elsewhere = label("no_place");
  const done = label("tallied");
  const { array, hash, options } = tallied;
  const add = (isShared: boolean) => addEvent(place, registers, isShared || how.hasOtherWriters === true);
  return [
    countSeen(tallied, indexAt),
    array === undefined
      ? []
      : [
          placeInArray(tallied, how, elsewhere),
          add(shardsOf(options) < options.cpus),
          jump.always(done),
          elsewhere,
        ],
    [how.writeKey(keyAt), placeInHash(tallied, how, keyAt, done), add(!isPerCpu(hash))],
    done,
  ];
}

/** r0 = this CPU's number, wrapped to a power of two. Loses r1–r5. */
function shard(shards: number): Block {
  return [call(helper.getSmpProcessorId), and(r0, shards - 1)];
}

function countSeen({ seen }: Tally, indexAt: number): Block {
  if (seen === undefined) return [];
  const none = label("not_seen");
  return [
    [shard(seen.maxEntries), store(4, fp, indexAt, r0), lookup(seen, indexAt), jump.eq(r0, 0, none)],
    [mov(r1, 1), atomicAdd(8, r0, 0, r1), none],
  ];
}

function placeInArray(tallied: Tally, how: AddToTally, elsewhere: Label): Block {
  const { array, options } = tallied;
  const { registers, isIndexed, place, stack } = how;
  if (array === undefined || options.index === undefined || registers.index === undefined) return [];
  const { limit } = options.index;
  const indexAt = stack - tallyStack(options);
  return [
    isIndexed?.(elsewhere) ?? [],
    jump.ge(registers.index, limit, elsewhere),
    [shard(array.maxEntries / limit), lsh(r0, Math.log2(limit)), add(r0, registers.index)],
    [store(4, fp, indexAt, r0), lookup(array, indexAt), jump.eq(r0, 0, elsewhere), mov(place, r0)],
  ];
}

/** `place` = the stats of the key, inserted if new. Counts a loss and goes to `none` if the map is full. */
function placeInHash({ hash, blank, losses }: Tally, how: AddToTally, keyAt: number, none: Label): Block {
  const found = label("known");
  const inserted = label("inserted");
  const again = label("again");
  const full = label("full");
  return [
    [lookup(hash, keyAt), jump.ne(r0, 0, found)],
    [loadMap(r1, hash), stackAddress(r2, keyAt), loadMapValue(r3, blank), mov(r4, MapUpdate.BPF_NOEXIST)],
    [call(helper.mapUpdateElem), jump32.eq(r0, 0, inserted)],
    [jump32.eq(r0, -errno.EEXIST, again), jump.always(full)],
    [inserted, how.onNewKey?.(keyAt) ?? []],
    [again, lookup(hash, keyAt), jump.ne(r0, 0, found)],
    [full, loadMapValue(r1, losses), mov(r2, 1)],
    [atomicAdd(8, r1, Losses.offsets.mapFull, r2), jump.always(none)],
    [found, mov(how.place, r0)],
  ];
}

/** One group as read: since the tally began. */
export interface TallyEntry {
  readonly key: GroupKey;
  readonly stats: Stats;
}

export interface TallyReading {
  readonly entries: readonly TallyEntry[];
  /** Events that found no room. */
  readonly mapFull: number;
  /** Events whose entry an LRU map has evicted; 0 for the other kinds. */
  readonly evicted: number;
}

/** Reads a tally. While programs run, evictions are understated rather than overstated. */
export function readTally(tallied: Tally, session: Session): TallyReading {
  const { seen, losses, options } = tallied;
  const total = seen === undefined ? 0 : sumWords(session.mappedArray(seen).words);
  const entries = [...readArray(tallied, session), ...readHash(tallied, session)];
  const kept = entries.reduce((sum, { stats }) => sum + stats.count, 0);
  const mapFull = session.mappedArray(losses).get(0).mapFull;
  return {
    entries,
    mapFull,
    evicted: options.store === "lru" ? Math.max(0, total - mapFull - kept) : 0,
  };
}

/** Makes room for other keys. */
export function forgetKeys({ hash }: Tally, session: Session, keys: Iterable<GroupKey>): void {
  const map = isPerCpu(hash) ? session.perCpuMap(hash) : session.map(hash);
  for (const key of keys) map.delete(key);
}

function sumWords(counts: BigUint64Array): number {
  return Number(counts.reduce((sum, count) => sum + count, 0n));
}

function readHash({ hash }: Tally, session: Session): TallyEntry[] {
  if (!isPerCpu(hash))
    return session
      .map(hash)
      .entries()
      .map(([key, stats]) => ({ key, stats }));
  return session
    .perCpuMap(hash)
    .entries()
    .map(([key, sets]) => ({ key, stats: sets.reduce(addStats) }));
}

function readArray({ array, options }: Tally, session: Session): TallyEntry[] {
  const { index } = options;
  if (array === undefined || index === undefined) return [];
  const { view, stride } = session.mappedArray(array);
  const entries: TallyEntry[] = [];
  for (let i = 0; i < index.limit; i++) {
    let stats: Stats | undefined;
    for (let entry = i; entry < array.maxEntries; entry += index.limit) {
      const at = entry * stride;
      if (!hasCounted(view, at)) continue;
      const shard = array.value.decode(view, at);
      stats = stats === undefined ? shard : addStats(stats, shard);
    }
    if (stats !== undefined) entries.push({ key: index.keyOf(i), stats });
  }
  return entries;
}
