/**
 * Groups of executions in the kernel: a map from a key to words that are added to. The store is a choice:
 *
 *     hash    one map shared by all CPUs
 *     percpu  one map with words per CPU: no two CPUs meet
 *     lru     like hash, but makes room by evicting what was not used lately
 *
 * Unlike those of a tally, keys lie in map memory, so that they may be longer than the stack. Pure but for
 * `readGroups`, which reads an open session.
 */
import { add, mov } from "../asm/alu";
import { atomicAdd } from "../asm/atomic";
import { helper } from "../asm/helper-ids";
import { type Block, type Label, label } from "../asm/instruction";
import { call, jump, jump32 } from "../asm/jump";
import { loadMap, loadMapValue } from "../asm/memory";
import { type Register, r0, r1, r2, r3, r4 } from "../asm/register";
import { hashMap, isPerCpu, lruHashMap, type MapSpec, mappableArray, perCpuHashMap } from "../bpf/map-spec";
import type { Session } from "../bpf/session";
import { MapFlag, MapUpdate } from "../core/bpf-uapi";
import { count64, struct, words } from "../core/codec";
import { errno } from "../core/errno";
import type { ExecKey, ExecKeyCodec } from "./exec-key";
import { taskFigures } from "./task-cost";

export const groupStores = ["hash", "percpu", "lru"] as const;
export type GroupStore = (typeof groupStores)[number];

/** What is kept of each group besides the number of executions. */
export interface GroupParts {
  readonly cost: boolean;
  /** The name of the process, where the key does not have it. */
  readonly name: boolean;
}

/** Signals that are told apart; the real-time ones share word 0. */
export const SIGNALS = 32;

/** Word indices. */
export const GroupWord = Object.freeze({
  execs: 0,
  /** Processes started by fork. */
  forks: 1,
  /** Processes that ended, those that did with a status other than 0, and those that a signal ended. */
  exits: 2,
  failed: 3,
  signaled: 4,
  /** Processes there are now. */
  alive: 5,
  /** Sum of the ends less the sum of the starts: with `alive` times now it is the time all have run. */
  wallNs: 6,
  maxRssPages: 7,
  figures: 8,
  signals: 8 + taskFigures.length,
});
const COST_WORDS = GroupWord.signals + SIGNALS;
const NAME_WORDS = 2;

/** Where the name begins, in words. */
export function nameWord({ cost }: GroupParts): number {
  return cost ? COST_WORDS : 1;
}

function wordCount(parts: GroupParts): number {
  return nameWord(parts) + (parts.name ? NAME_WORDS : 0);
}

const Losses = struct({ mapFull: count64, tasksFull: count64 });
export type GroupLosses = keyof typeof Losses.fields;

export interface Groups {
  readonly key: ExecKeyCodec;
  readonly parts: GroupParts;
  readonly store: GroupStore;
  readonly map: MapSpec<ExecKey, BigUint64Array>;
  readonly losses: MapSpec<number, Record<GroupLosses, number>>;
  /** All executions, where evictions must be found out. */
  readonly seen: MapSpec<number, number> | undefined;
  readonly blank: MapSpec<number, BigUint64Array>;
  readonly maps: readonly MapSpec[];
}

/** Keys from this size on are allocated as they come: most command lines are short of what is kept for them. */
const LARGE_KEY = 512;

/** Lays out the maps of groups. */
export function execGroups(
  key: ExecKeyCodec,
  parts: GroupParts,
  store: GroupStore,
  maxEntries: number,
): Groups {
  const value = words(wordCount(parts));
  const create = { hash: hashMap, lru: lruHashMap, percpu: perCpuHashMap }[store];
  const plain = create("groups", { key, value, maxEntries }) as MapSpec<ExecKey, BigUint64Array>;
  const isLarge = key.size > LARGE_KEY && store === "hash";
  const map = isLarge ? { ...plain, flags: MapFlag.BPF_F_NO_PREALLOC } : plain;
  const losses = mappableArray("group_losses", Losses, 1);
  const seen = store === "lru" ? mappableArray("groups_seen", count64, 1) : undefined;
  const blank = mappableArray("group_blank", value, 1);
  const maps = [map, losses, blank, ...(seen ? [seen] : [])] as MapSpec[];
  return { key, parts, store, map, losses, seen, blank, maps };
}

/** Counts something that was lost. Loses r1 and r2. */
export function countLoss({ losses }: Groups, what: GroupLosses): Block {
  return [loadMapValue(r1, losses), mov(r2, 1), atomicAdd(8, r1, Losses.offsets[what], r2)];
}

/** Counts an execution towards all there were. Loses r1 and r2. */
export function countSeen({ seen }: Groups): Block {
  return seen === undefined ? [] : [loadMapValue(r1, seen), mov(r2, 1), atomicAdd(8, r1, 0, r2)];
}

/**
 * `group` = the words of the key at `key + at` (map memory), which is inserted if it is new. Counts a loss and goes to
 * `none` if the map is full. Both registers are such that calls keep them. Loses r0–r5.
 */
export function placeInGroups(
  groups: Groups,
  key: Register,
  at: number,
  group: Register,
  none: Label,
): Block {
  const { map, blank } = groups;
  const found = label("known");
  const again = label("again");
  const full = label("full");
  const keyAddress: Block = [mov(r2, key), add(r2, at)];
  return [
    [loadMap(r1, map), keyAddress, call(helper.mapLookupElem), jump.ne(r0, 0, found)],
    [loadMap(r1, map), keyAddress, loadMapValue(r3, blank), mov(r4, MapUpdate.BPF_NOEXIST)],
    [call(helper.mapUpdateElem), jump32.eq(r0, 0, again), jump32.ne(r0, -errno.EEXIST, full)],
    [again, loadMap(r1, map), keyAddress, call(helper.mapLookupElem), jump.ne(r0, 0, found)],
    [full, countLoss(groups, "mapFull"), jump.always(none)],
    [found, mov(group, r0)],
  ];
}

/** A group as read: words since the beginning. */
export interface GroupEntry {
  readonly key: ExecKey;
  readonly words: BigUint64Array;
}

export interface GroupReading {
  readonly entries: readonly GroupEntry[];
  readonly lost: Readonly<Record<GroupLosses | "evicted", number>>;
}

/** Reads all groups. While programs run, evictions are understated rather than overstated. */
export function readGroups(groups: Groups, session: Session): GroupReading {
  const { map, losses, seen, parts } = groups;
  const total = seen === undefined ? 0 : session.mappedArray(seen).get(0);
  const entries = isPerCpu(map)
    ? session
        .perCpuMap(map)
        .entries()
        .map(([key, sets]) => ({ key, words: sumWords(sets, parts) }))
    : session
        .map(map)
        .entries()
        .map(([key, set]) => ({ key, words: set }));
  const kept = entries.reduce((sum, entry) => sum + Number(entry.words[GroupWord.execs]), 0);
  const lost = session.mappedArray(losses).get(0);
  const evicted = seen === undefined ? 0 : Math.max(0, total - lost.mapFull - kept);
  return { entries, lost: { ...lost, evicted } };
}

/** The words of all CPUs as one: added modulo 2^64, but for the maximum and for the name. */
function sumWords(sets: readonly BigUint64Array[], parts: GroupParts): BigUint64Array {
  const sum = new BigUint64Array(wordCount(parts));
  const name = nameWord(parts);
  for (const set of sets)
    for (const [i, word] of set.entries()) {
      if (i >= name) sum[i] = word === 0n ? sum[i]! : word;
      else if (i !== GroupWord.maxRssPages) sum[i] = sum[i]! + word;
      else if (word > sum[i]!) sum[i] = word;
    }
  return sum;
}

/** The name that words hold. */
export function nameOf(set: BigUint64Array, parts: GroupParts): string | undefined {
  if (!parts.name) return undefined;
  const from = nameWord(parts);
  const raw = Buffer.from(set.buffer, set.byteOffset + from * 8, NAME_WORDS * 8);
  const end = raw.indexOf(0);
  return raw.toString("utf8", 0, end < 0 ? raw.length : end);
}
