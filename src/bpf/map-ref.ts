/**
 * One entry of a map as a variable that both sides of the kernel border share. On a mappable array its operations are
 * atomic: they are single instructions on the very memory that programs write. Other maps are reached by system calls
 * that read or write, but do not do both at once, so what would need that is refused unless races are allowed.
 */
import { isDeepStrictEqual } from "node:util";
import { NotSupportedError } from "../core/errors";
import { naming } from "./map-error";
import type { MapSpec } from "./map-spec";

/** One entry of a map. Errors are those of the map; a ReferenceError after its disposal. */
export interface EntryRef<V> extends Disposable {
  /** The value now. */
  get(): V;
  set(value: V): void;
  /** Replaces the value by what `change` makes of it, which it returns. `change` may run several times. */
  swap(change: (old: V) => V): V;
  /** Writes `value` if the entry still holds `expected`; false if it holds something else. */
  compareAndSet(expected: V, value: V): boolean;
  /** Adds to a number and returns the sum. It wraps round as in C. */
  add(amount: V): V;
}

/** How an entry of a map that is not mapped into memory is treated. */
export interface RefOptions {
  /**
   * Lets `swap`, `compareAndSet` and `add` read first and write then. What a program or another process writes in
   * between is lost.
   */
  readonly allowRaces?: boolean;
}

type Raw = number | bigint;
type Words = Uint32Array | BigUint64Array;

// Raw and Words always match: one scratch word and the shared one are made by the same constructor.
const atomics = Atomics as unknown as {
  load(words: Words, at: number): Raw;
  store(words: Words, at: number, value: Raw): Raw;
  add(words: Words, at: number, value: Raw): Raw;
  compareExchange(words: Words, at: number, expected: Raw, value: Raw): Raw;
};

/** An entry in mapped memory. Values of 4 or 8 bytes only: those the processor reads and writes as a whole. */
export class AtomicRef<V> implements EntryRef<V> {
  private readonly scratch: Words;
  private readonly scratchView: DataView;
  private disposed = false;

  /** `memory` tells where the entry lies, each time anew, and throws when the map is closed. */
  constructor(
    private readonly spec: MapSpec<number, V>,
    private readonly memory: () => { readonly buffer: ArrayBuffer; readonly at: number },
  ) {
    const { size } = spec.value;
    if (size !== 4 && size !== 8)
      throw new TypeError(
        `map "${spec.name}" ref: a value of ${size} bytes cannot be read and written at once, only 4 or 8`,
      );
    this.scratch = size === 4 ? new Uint32Array(1) : new BigUint64Array(1);
    this.scratchView = new DataView(this.scratch.buffer);
  }

  get(): V {
    return this.valueOf(atomics.load(this.word(), 0));
  }

  set(value: V): void {
    atomics.store(this.word(), 0, this.rawOf(value));
  }

  swap(change: (old: V) => V): V {
    const word = this.word();
    for (let seen = atomics.load(word, 0); ; ) {
      const value = change(this.valueOf(seen));
      const found = atomics.compareExchange(word, 0, seen, this.rawOf(value));
      if (found === seen) return value;
      seen = found;
    }
  }

  compareAndSet(expected: V, value: V): boolean {
    const from = this.rawOf(expected);
    return atomics.compareExchange(this.word(), 0, from, this.rawOf(value)) === from;
  }

  add(amount: V): V {
    if (typeof amount !== "number" && typeof amount !== "bigint")
      throw new TypeError(`map "${this.spec.name}" add: the value is not a number`);
    const raw = this.negatable(amount);
    const before = atomics.add(this.word(), 0, raw);
    this.scratch[0] = before;
    // A typed array cuts the sum to its width, as the memory did.
    this.scratch[0] = (before as bigint) + (raw as bigint);
    return this.spec.value.decode(this.scratchView, 0);
  }

  [Symbol.dispose](): void {
    this.disposed = true;
  }

  /** An amount may be negative where the value may not. */
  private negatable(amount: Raw): Raw {
    if (this.scratch instanceof BigUint64Array) return BigInt.asUintN(64, BigInt(amount));
    return Number(amount) | 0;
  }

  private word(): Words {
    if (this.disposed) throw new ReferenceError(`map "${this.spec.name}" ref: is disposed`);
    const { buffer, at } = this.memory();
    return this.scratch instanceof BigUint64Array
      ? new BigUint64Array(buffer, at, 1)
      : new Uint32Array(buffer, at, 1);
  }

  private rawOf(value: V): Raw {
    naming(this.spec as MapSpec, "value", () => this.spec.value.encode(this.scratchView, 0, value));
    return this.scratch[0] as Raw;
  }

  private valueOf(raw: Raw): V {
    this.scratch[0] = raw as never;
    return this.spec.value.decode(this.scratchView, 0);
  }
}

/** What a reference needs of a map. */
interface Entries<K, V> {
  readonly spec: MapSpec;
  lookup(key: K): V | undefined;
  update(key: K, value: V, mode?: "any" | "noexist"): boolean;
  delete(key: K): boolean;
}

/** An entry reached by system calls. An absent one is undefined, and writing undefined removes it. */
export class MapEntryRef<K, V> implements EntryRef<V | undefined> {
  private disposed = false;

  constructor(
    private readonly map: Entries<K, V>,
    private readonly key: K,
    private readonly allowRaces: boolean,
  ) {}

  get(): V | undefined {
    this.checkOpen();
    return this.map.lookup(this.key);
  }

  set(value: V | undefined): void {
    this.checkOpen();
    if (value === undefined) this.map.delete(this.key);
    else this.map.update(this.key, value);
  }

  swap(change: (old: V | undefined) => V | undefined): V | undefined {
    this.checkRacy("swap");
    const value = change(this.get());
    this.set(value);
    return value;
  }

  /** To insert what is absent is one operation of the kernel's, and so atomic. */
  compareAndSet(expected: V | undefined, value: V | undefined): boolean {
    if (expected === undefined && value !== undefined) {
      this.checkOpen();
      return this.map.update(this.key, value, "noexist");
    }
    this.checkRacy("compareAndSet");
    if (!isDeepStrictEqual(this.get(), expected)) return false;
    this.set(value);
    return true;
  }

  add(amount: V | undefined): V | undefined {
    return this.swap((old) => sum(old, amount, this.map.spec.name) as V);
  }

  [Symbol.dispose](): void {
    this.disposed = true;
  }

  private checkOpen(): void {
    if (this.disposed) throw new ReferenceError(`map "${this.map.spec.name}" ref: is disposed`);
  }

  private checkRacy(operation: string): void {
    this.checkOpen();
    if (!this.allowRaces)
      throw new NotSupportedError(
        `map "${this.map.spec.name}" ${operation}: reading and writing are two system calls on this map`,
        { hint: "use a mappableArray, or ref(key, { allowRaces: true }) where nobody else writes" },
      );
  }
}

function sum(old: unknown, amount: unknown, name: string): Raw {
  if (typeof amount === "bigint") return ((old ?? 0n) as bigint) + amount;
  if (typeof amount === "number") return ((old ?? 0) as number) + amount;
  throw new TypeError(`map "${name}" add: the value is not a number`);
}
