import { MapUpdate } from "../../core/bpf-uapi";
import { errno } from "../../core/errno";
import { add, mov } from "../alu";
import { atomicAdd } from "../atomic";
import { helper } from "../helper-ids";
import { type Block, type Label, label, type MapRef } from "../instruction";
import { call, jump, jump32 } from "../jump";
import { loadMap, store } from "../memory";
import { fp, type Register, r0, r1, r2, r3, r4 } from "../register";

/** `dst = fp + at`: the address of something on the stack. */
export function stackAddress(dst: Register, at: number): Block {
  return [mov(dst, fp), add(dst, at)];
}

/** r0 = address of the value of the key at `fp + keyAt`, or 0. Loses r1–r5. */
export function lookup(map: MapRef, keyAt: number): Block {
  return [loadMap(r1, map), stackAddress(r2, keyAt), call(helper.mapLookupElem)];
}

/** r0 = 0, or a negative error number: writes the entry whose key and value are on the stack. Loses r1–r5. */
export function update(
  map: MapRef,
  keyAt: number,
  valueAt: number,
  flags: number = MapUpdate.BPF_ANY,
): Block {
  return [
    [loadMap(r1, map), stackAddress(r2, keyAt), stackAddress(r3, valueAt)],
    [mov(r4, flags), call(helper.mapUpdateElem)],
  ];
}

/** r0 = 0, or a negative error number: removes the entry of the key at `fp + keyAt`. Loses r1–r5. */
export function remove(map: MapRef, keyAt: number): Block {
  return [loadMap(r1, map), stackAddress(r2, keyAt), call(helper.mapDeleteElem)];
}

/**
 * Goes to `target` unless the error that a map operation left in r0 is EEXIST. Only 32 bits are compared: before
 * Linux 6.4 the upper half of such a result is undefined, because the operations returned an `int`.
 */
function unlessExists(target: Label): Block {
  return [jump32.ne(r0, -errno.EEXIST, target)];
}

/**
 * r0 = address of the value of the key at `fp + keyAt`, which is inserted with the value at `fp + initialAt` if
 * it is missing. Goes to `none` if that cannot be: the map is full. When two CPUs insert the same key at once,
 * one wins and both get its value. Loses r1–r5.
 */
export function lookupOrInsert(map: MapRef, keyAt: number, initialAt: number, none: Label): Block {
  const found = label("found");
  const inserted = label("inserted");
  return [
    lookup(map, keyAt),
    jump.ne(r0, 0, found),
    update(map, keyAt, initialAt, MapUpdate.BPF_NOEXIST),
    jump32.eq(r0, 0, inserted),
    unlessExists(none),
    inserted,
    lookup(map, keyAt),
    jump.eq(r0, 0, none),
    found,
  ];
}

/** How `increment` adds. */
export interface IncrementOptions {
  /** What to add: 1 unless given. A register must be one that calls keep, r6 to r9. */
  readonly by?: number | Register;
  /** Runs when the key is missing and cannot be inserted: the place to count what was lost. */
  readonly onFull?: Block;
}

/**
 * Adds to the 64-bit counter of the key at `fp + keyAt`; a missing key starts at zero. `oneAt` names eight free
 * bytes of the stack. No count is lost when several CPUs meet: the insert is refused if the key has come to
 * exist meanwhile, and the counter is then added to. Loses r0–r5.
 */
export function increment(map: MapRef, keyAt: number, oneAt: number, options: IncrementOptions = {}): Block {
  const { by = 1, onFull = [] } = options;
  const hit = label("hit");
  const done = label("done");
  const full = onFull.length === 0 ? done : label("full");
  return [
    lookup(map, keyAt),
    jump.ne(r0, 0, hit),
    store(8, fp, oneAt, by),
    update(map, keyAt, oneAt, MapUpdate.BPF_NOEXIST),
    jump32.eq(r0, 0, done),
    unlessExists(full),
    lookup(map, keyAt),
    jump.eq(r0, 0, full),
    [hit, mov(r1, by), atomicAdd(8, r0, 0, r1)],
    full === done ? [] : [jump.always(done), full, onFull],
    done,
  ];
}
