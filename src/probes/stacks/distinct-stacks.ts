/** Unwound stacks, each once, with an id. Asked for each sample, so nothing is made for a stack that is known. */
import type { UnwindEnd } from "../../symbols/unwind/unwinder";

/** A user stack that was met. */
export interface DistinctStack {
  /** The innermost frame first. */
  readonly pcs: BigUint64Array;
  readonly end: UnwindEnd;
}

interface Known extends DistinctStack {
  readonly id: bigint;
  readonly addresses: Float64Array;
}

export class DistinctStacks {
  private byHash = new Map<number, Known[]>();
  private byId = new Map<bigint, Known>();

  /** `nextId` is that of the first stack. */
  constructor(private nextId: bigint) {}

  get size(): number {
    return this.byId.size;
  }

  stack(id: bigint): DistinctStack | undefined {
    return this.byId.get(id);
  }

  /** The id of a stack; undefined for one that is not known. */
  find(addresses: Float64Array, end: UnwindEnd): bigint | undefined {
    const alike = this.byHash.get(hashOf(addresses));
    return alike?.find((each) => each.end === end && isSame(each.addresses, addresses))?.id;
  }

  /** Takes in a stack that is not known. */
  add(addresses: Float64Array, end: UnwindEnd): bigint {
    const id = this.nextId++;
    this.insert({ id, addresses: addresses.slice(), pcs: BigUint64Array.from(addresses, BigInt), end });
    return id;
  }

  /** Forgets all stacks but these. */
  retain(ids: Iterable<bigint>): void {
    const { byId } = this;
    this.byId = new Map();
    this.byHash = new Map();
    for (const id of ids) {
      const known = byId.get(id);
      if (known !== undefined && !this.byId.has(id)) this.insert(known);
    }
  }

  private insert(known: Known): void {
    const hash = hashOf(known.addresses);
    const alike = this.byHash.get(hash);
    if (alike === undefined) this.byHash.set(hash, [known]);
    else alike.push(known);
    this.byId.set(known.id, known);
  }
}

/** A large odd number, near 2^32 over the golden ratio: multiplying by it spreads differences over all bits. */
const SPREAD = 0x9e3779b1;

/** Of the lower 32 bits of each address: the upper ones hardly differ. */
function hashOf(addresses: Float64Array): number {
  let hash = addresses.length;
  for (let i = 0; i < addresses.length; i++) {
    hash = Math.imul(hash ^ ((addresses[i] as number) | 0), SPREAD);
    hash ^= hash >>> 15;
  }
  return hash;
}

function isSame(a: Float64Array, b: Float64Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
