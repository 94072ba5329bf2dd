/**
 * Groups of executions in the kernel: a map from a key to words that are added to. The store is a choice:
 *
 *     hash    one map shared by all CPUs
 *     percpu  one map with words per CPU: no two CPUs meet
 *     lru     like hash, but makes room by evicting what was not used lately
 *
 * Unlike those of a tally, keys lie in map memory, so that they may be longer than the stack. Where the groups are to
 * be emptied while programs count, two maps take turns: what is counted in between is in the one or in the other.
 * Pure.
 */
import { add, mov } from "../asm/alu";
import { atomicAdd } from "../asm/atomic";
import { helper } from "../asm/helper-ids";
import { type Block, type Label, label } from "../asm/instruction";
import { call, jump, jump32 } from "../asm/jump";
import { lookup } from "../asm/macros/map";
import { load, loadMap, loadMapValue, store } from "../asm/memory";
import { fp, type Register, r0, r1, r2, r3, r4 } from "../asm/register";
import { hashMap, lruHashMap, type MapSpec, mappableArray, perCpuHashMap } from "../bpf/map-spec";
import { arrayOfMaps } from "../bpf/nested-map-spec";
import { MapFlag, MapUpdate } from "../core/bpf-uapi";
import { bytes, type Codec, count64, struct, words } from "../core/codec";
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
export const NAME_WORDS = 2;

/** Where the name begins, in words. */
export function nameWord({ cost }: GroupParts): number {
  return cost ? COST_WORDS : 1;
}

/** Words of a group. */
export function wordCount(parts: GroupParts): number {
  return nameWord(parts) + (parts.name ? NAME_WORDS : 0);
}

const Losses = struct({ mapFull: count64, tasksFull: count64 });
export type GroupLosses = keyof typeof Losses.fields;

/** A key with its bytes, by which the map finds it again: names and arguments need not be UTF-8. */
export interface GroupKey extends ExecKey {
  readonly bytes: Uint8Array;
}

export type GroupMap = MapSpec<GroupKey, BigUint64Array>;

/** Two maps, one of which programs count in while the other is read and emptied. */
export interface Turns {
  /** At index 0 the map that counts. Before the first turn there is none, and nothing counts. */
  readonly current: MapSpec<number, number>;
  readonly maps: readonly [GroupMap, GroupMap];
  /** Eight bytes of the stack of each program, for the address of that map. */
  readonly slot: number;
}

export interface Groups {
  readonly key: ExecKeyCodec;
  readonly parts: GroupParts;
  readonly store: GroupStore;
  /** The map, or the blueprint of both where two take turns. */
  readonly map: GroupMap;
  readonly turns: Turns | undefined;
  readonly losses: MapSpec<number, Record<GroupLosses, number>>;
  /** All executions, where evictions must be found out. */
  readonly seen: MapSpec<number, number> | undefined;
  readonly blank: MapSpec<number, BigUint64Array>;
  readonly maps: readonly MapSpec[];
}

/** What groups are to be like. */
export interface GroupOptions {
  readonly key: ExecKeyCodec;
  readonly parts: GroupParts;
  readonly store: GroupStore;
  readonly maxEntries: number;
  /** For groups that are emptied while programs count: eight bytes of the stack. */
  readonly turnsAt: number | undefined;
}

/** Keys from this size on are allocated as they come: most command lines are short of what is kept for them. */
const LARGE_KEY = 512;

/** Lays out the maps of groups. */
export function execGroups({ key, parts, store: kind, maxEntries, turnsAt }: GroupOptions): Groups {
  const value = words(wordCount(parts));
  const create = { hash: hashMap, lru: lruHashMap, percpu: perCpuHashMap }[kind];
  const plain: GroupMap = create("groups", { key: withBytes(key), value, maxEntries });
  const isLarge = key.size > LARGE_KEY && kind === "hash";
  const map = isLarge ? { ...plain, flags: MapFlag.BPF_F_NO_PREALLOC } : plain;
  const turns = turnsAt === undefined ? undefined : turnsOf(map, turnsAt);
  const losses = mappableArray("group_losses", Losses, 1);
  const seen = kind === "lru" ? mappableArray("groups_seen", count64, 1) : undefined;
  const blank = mappableArray("group_blank", value, 1);
  const counting = turns === undefined ? [map] : [turns.current, ...turns.maps];
  const maps = [...counting, losses, blank, ...(seen ? [seen] : [])] as MapSpec[];
  return { key, parts, store: kind, map, turns, losses, seen, blank, maps };
}

function withBytes(key: ExecKeyCodec): Codec<GroupKey> {
  const raw = bytes(key.size);
  return {
    size: key.size,
    align: key.align,
    decode: (view, at) => ({ ...key.decode(view, at), bytes: raw.decode(view, at) }),
    encode: (view, at, value) => raw.encode(view, at, value.bytes),
  };
}

function turnsOf(map: GroupMap, slot: number): Turns {
  const maps = [
    { ...map, name: "groups_one" },
    { ...map, name: "groups_other" },
  ] as const;
  return { current: arrayOfMaps("groups_now", map as MapSpec, 1), maps, slot };
}

/** Counts something that was lost. Loses r1 and r2. */
export function countLoss({ losses }: Groups, what: GroupLosses): Block {
  return [loadMapValue(r1, losses), mov(r2, 1), atomicAdd(8, r1, Losses.offsets[what], r2)];
}

/** Counts an execution towards all there were. Loses r1 and r2. */
function countSeen({ seen }: Groups): Block {
  return seen === undefined ? [] : [loadMapValue(r1, seen), mov(r2, 1), atomicAdd(8, r1, 0, r2)];
}

/** Keeps the address of the map that counts. Goes to `none` where there is none yet. Loses r0–r5. */
function findCurrent({ turns }: Groups, none: Label): Block {
  if (turns === undefined) return [];
  const { current, slot } = turns;
  return [[store(4, fp, slot, 0), lookup(current, slot), jump.eq(r0, 0, none), store(8, fp, slot, r0)]];
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
  const { map, blank, turns } = groups;
  const found = label("known");
  const again = label("again");
  const full = label("full");
  const mapAndKey: Block = [
    turns === undefined ? loadMap(r1, map) : load(8, r1, fp, turns.slot),
    [mov(r2, key), add(r2, at)],
  ];
  return [
    [findCurrent(groups, none), countSeen(groups)],
    [mapAndKey, call(helper.mapLookupElem), jump.ne(r0, 0, found)],
    [mapAndKey, loadMapValue(r3, blank), mov(r4, MapUpdate.BPF_NOEXIST)],
    [call(helper.mapUpdateElem), jump32.eq(r0, 0, again), jump32.ne(r0, -errno.EEXIST, full)],
    [again, mapAndKey, call(helper.mapLookupElem), jump.ne(r0, 0, found)],
    [full, countLoss(groups, "mapFull"), jump.always(none)],
    [found, mov(group, r0)],
  ];
}
