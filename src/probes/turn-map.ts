/**
 * A hash map that user space empties while programs write to it: two maps take turns. Pure but for `TurnReader`, which
 * reads an open session.
 */
import type { Block, Label } from "../asm/instruction";
import { jump } from "../asm/jump";
import { lookup } from "../asm/macros/map";
import { load, loadMap, store } from "../asm/memory";
import { fp, r0, r1 } from "../asm/register";
import type { BpfMap } from "../bpf/map";
import type { MapSpec } from "../bpf/map-spec";
import { arrayOfMaps } from "../bpf/nested-map-spec";
import type { Session } from "../bpf/session";

export interface TurnMap<K, V> {
  /** The map, or the blueprint of both where two take turns. */
  readonly map: MapSpec<K, V>;
  readonly turns: Turns<K, V> | undefined;
  readonly maps: readonly MapSpec[];
}

interface Turns<K, V> {
  /** At index 0 the map that programs use. Before the first turn there is none. */
  readonly current: MapSpec<number, number>;
  readonly maps: readonly [MapSpec<K, V>, MapSpec<K, V>];
}

/** Lays out one map, or two that take turns. Names have up to 12 letters. */
export function turnMap<K, V>(map: MapSpec<K, V>, takesTurns: boolean): TurnMap<K, V> {
  if (!takesTurns) return { map, turns: undefined, maps: [map as unknown as MapSpec] };
  const maps = [
    { ...map, name: `${map.name}_a` },
    { ...map, name: `${map.name}_b` },
  ] as const;
  const current = arrayOfMaps(`${map.name}_is`, map as unknown as MapSpec, 1);
  return { map, turns: { current, maps }, maps: [current, ...maps] as readonly unknown[] as MapSpec[] };
}

/** Bytes of the stack in which a program keeps which of the maps it uses. */
export const TURN_SLOT = 8;

/** Keeps the address of the map at `fp + slot`. Goes to `none` where there is none yet. Loses r0–r5. */
export function findMap<K, V>({ turns }: TurnMap<K, V>, slot: number, none: Label): Block {
  if (turns === undefined) return [];
  return [[store(4, fp, slot, 0), lookup(turns.current, slot), jump.eq(r0, 0, none), store(8, fp, slot, r0)]];
}

/** r1 = the map that `findMap` has found. */
export function loadFoundMap<K, V>({ map, turns }: TurnMap<K, V>, slot: number): Block {
  return turns === undefined ? [loadMap(r1, map)] : [load(8, r1, fp, slot)];
}

/** Where maps take turns, programs use the first from now on: for a session that is not attached yet. */
export function beginTurns<K, V>({ turns }: TurnMap<K, V>, session: Session): void {
  if (turns !== undefined) session.map(turns.current).update(0, session.map(turns.maps[0]).number);
}

/** Reads maps in a session in which turns have begun. */
export class TurnReader<K, V> {
  private at = 0;

  constructor(
    private readonly of: TurnMap<K, V>,
    private readonly session: Session,
  ) {}

  /** False where there is one map, which is never emptied. */
  get takesTurns(): boolean {
    return this.of.turns !== undefined;
  }

  /** The map that programs write to. */
  get current(): BpfMap<K, V> {
    return this.map(this.at);
  }

  /** The map that they wrote to before the last turn; without turns it is the same. */
  get previous(): BpfMap<K, V> {
    return this.map(1 - this.at);
  }

  /**
   * When it returns, no program writes to what is now the previous map: for a map of maps the kernel waits until nobody
   * can have the old one any more (maybe_wait_bpf_programs, kernel/bpf/syscall.c).
   */
  turn(): void {
    const { turns } = this.of;
    if (turns === undefined) return;
    this.at = 1 - this.at;
    this.session.map(turns.current).update(0, this.current.number);
  }

  /** Everything in the previous map, which is empty afterwards if maps take turns. */
  take(): [K, V][] {
    return this.takesTurns ? this.previous.drain() : this.previous.entries();
  }

  private map(at: number): BpfMap<K, V> {
    return this.session.map(this.of.turns?.maps[at] ?? this.of.map);
  }
}
