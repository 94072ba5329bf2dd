/** Unwound stacks, each once, with an id. Asked for each sample, so nothing is made for a stack that is known. */
import type { UnwindEnd, UnwoundStack } from "../../symbols/unwind/unwinder";
import { mixed } from "./hash";

/** A user stack that was met. */
export interface DistinctStack {
  /** The innermost frame first. */
  readonly pcs: BigUint64Array;
  readonly end: UnwindEnd;
}

interface Known {
  readonly id: bigint;
  readonly hash: number;
  /** Where its addresses begin among all of them, and how many there are. */
  readonly start: number;
  readonly length: number;
  readonly end: UnwindEnd;
  /** Another one with this hash. */
  readonly next: Known | undefined;
}

const FIRST_ROOM = 4096;

export class DistinctStacks {
  private byHash = new Map<number, Known>();
  private byId = new Map<bigint, Known>();
  /** Of all stacks, one behind the other: an array for each would cost more than what is in it. */
  private addresses = new Float64Array(FIRST_ROOM);
  private used = 0;

  /** `nextId` is that of the first stack. */
  constructor(private nextId: bigint) {}

  get size(): number {
    return this.byId.size;
  }

  stack(id: bigint): DistinctStack | undefined {
    const known = this.byId.get(id);
    if (known === undefined) return undefined;
    const pcs = new BigUint64Array(known.length);
    for (let i = 0; i < pcs.length; i++) pcs[i] = BigInt(this.addresses[known.start + i] as number);
    return { pcs, end: known.end };
  }

  /** The id of a stack; undefined for one that is not known. */
  find(stack: UnwoundStack): bigint | undefined {
    let known = this.byHash.get(hashOf(stack));
    while (known !== undefined && !this.isSame(known, stack)) known = known.next;
    return known?.id;
  }

  /** Takes in a stack that is not known. */
  add({ pcs, length, end }: UnwoundStack): bigint {
    const id = this.nextId++;
    this.insert({ id, hash: hashOf({ pcs, length, end }), end }, pcs, 0, length);
    return id;
  }

  /** Forgets all stacks but these. */
  retain(ids: Iterable<bigint>): void {
    const { byId, addresses } = this;
    this.byId = new Map();
    this.byHash = new Map();
    this.addresses = new Float64Array(FIRST_ROOM);
    this.used = 0;
    for (const id of ids) {
      const known = byId.get(id);
      if (known !== undefined && !this.byId.has(id)) this.insert(known, addresses, known.start, known.length);
    }
  }

  private insert(
    { id, hash, end }: Pick<Known, "id" | "hash" | "end">,
    from: Float64Array,
    at: number,
    length: number,
  ): void {
    const start = this.used;
    this.used += length;
    if (this.used > this.addresses.length) {
      const larger = new Float64Array(2 * this.used);
      larger.set(this.addresses);
      this.addresses = larger;
    }
    for (let i = 0; i < length; i++) this.addresses[start + i] = from[at + i] as number;
    const known = { id, hash, start, length, end, next: this.byHash.get(hash) };
    this.byHash.set(hash, known);
    this.byId.set(id, known);
  }

  private isSame(known: Known, { pcs, length, end }: UnwoundStack): boolean {
    if (known.length !== length || known.end !== end) return false;
    for (let i = 0; i < length; i++) if (this.addresses[known.start + i] !== pcs[i]) return false;
    return true;
  }
}

/** Of the lower 32 bits of each address: the upper ones hardly differ. */
function hashOf({ pcs, length }: UnwoundStack): number {
  let hash = length;
  for (let i = 0; i < length; i++) hash = mixed(hash, pcs[i] as number);
  return hash;
}
