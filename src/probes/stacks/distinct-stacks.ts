/** Unwound stacks, each once, with an id. Asked for each sample, so nothing is made for a stack that is known. */
import type { UnwindEnd, UnwoundStack } from "../../symbols/unwind/unwinder";
import { mixed } from "./hash";

/** A user stack that was met. */
export interface DistinctStack {
  /** The innermost frame first. */
  readonly pcs: BigUint64Array;
  readonly end: UnwindEnd;
}

interface Known extends DistinctStack {
  readonly id: bigint;
  readonly stack: UnwoundStack;
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
  find(stack: UnwoundStack): bigint | undefined {
    const alike = this.byHash.get(hashOf(stack));
    if (alike !== undefined) for (const known of alike) if (isSame(known.stack, stack)) return known.id;
    return undefined;
  }

  /** Takes in a stack that is not known. */
  add(stack: UnwoundStack): bigint {
    const id = this.nextId++;
    const { length, end } = stack;
    const addresses = stack.pcs.slice(0, length);
    const pcs = BigUint64Array.from(addresses, BigInt);
    this.insert({ id, stack: { pcs: addresses, length, end }, pcs, end });
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
    const hash = hashOf(known.stack);
    const alike = this.byHash.get(hash);
    if (alike === undefined) this.byHash.set(hash, [known]);
    else alike.push(known);
    this.byId.set(known.id, known);
  }
}

/** Of the lower 32 bits of each address: the upper ones hardly differ. */
function hashOf({ pcs, length }: UnwoundStack): number {
  let hash = length;
  for (let i = 0; i < length; i++) hash = mixed(hash, pcs[i] as number);
  return hash;
}

function isSame(a: UnwoundStack, b: UnwoundStack): boolean {
  if (a.length !== b.length || a.end !== b.end) return false;
  for (let i = 0; i < a.length; i++) if (a.pcs[i] !== b.pcs[i]) return false;
  return true;
}
