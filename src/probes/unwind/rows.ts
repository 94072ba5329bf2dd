/**
 * Rows of unwind information that user space has worked out, for programs to unwind by. Pure.
 *
 * Samples come back to the same places. What is met for the first time goes to user space as a copy, which publishes the row
 * that was missing; what has been met is walked and counted in the kernel, at a fraction of the cost.
 */
import { type MapSpec, mappableArray, perCpuArrayMap } from "../../bpf/map-spec";
import { bytes, i64, struct, u64 } from "../../core/codec";
import { HASH_MULTIPLIER } from "../stack-store";

/** How to get from a frame to its caller's. Offsets count from the CFA, in bytes. */
export const Rule = struct({ cfaOffset: i64, returnOffset: i64, fpOffset: i64, flags: u64 });

export const RuleFlag = Object.freeze({
  /** The CFA counts from the frame pointer, not from the stack pointer. */
  cfaFromFp: 1,
  /** The caller's frame pointer is in memory, otherwise it is where it was. */
  fpSaved: 2,
  /** The return address is in its register still. */
  returnInRegister: 4,
  /** There is no caller. */
  outermost: 8,
});

/** Different rules. Those of a file are a few hundred. */
export const MOST_RULES = 4096;

/** A file's code where a process has mapped it: an address less the bias is one of the file's, whose number is `file`. */
export const Mapping = struct({ start: u64, size: u64, bias: u64, file: u64 });

/** Mappings of all processes. */
export const MOST_MAPPINGS = 16_384;

/** Places lie in sets of so many words, any of which may have it. */
export const WAYS = 4;
export const SET_BITS = 15;
export const SET_SIZE = 8 * WAYS;
/**
 * A word is the number of a mapping or a rule, and above it the lower bits of the place's hash, of which the upper ones name
 * the set.
 */
export const NUMBER_BITS = 16;

/** Bytes of the user stack that are read at once: some ten frames. */
export const CHUNK = 1024;
/**
 * Eight times the frames within the one at hand, then the chunk of the user stack: the address it begins at, and how many
 * offsets of it words begin at. Not on the program's stack, where the verifier would follow these numbers and go through the
 * loop for each.
 */
export const Chunk = struct({ frames: u64, base: u64, starts: u64, bytes: bytes(CHUNK) });

/** What is known of places. */
export interface UnwindRows {
  readonly maps: readonly MapSpec[];
  /** Where each processor keeps what it reads of a stack. */
  readonly chunk: MapSpec<number, Uint8Array>;
  /** Words: 0 or what `placeOf` and a number make. */
  readonly places: MapSpec<number, Uint8Array>;
  readonly mappings: MapSpec<number, Uint8Array>;
  readonly rules: MapSpec<number, Uint8Array>;
}

/** Lays out the maps. Nothing is known at first; mapping 0 and rule 0 stand for nothing. */
export function unwindRows(): UnwindRows {
  const places = mappableArray("unwind_places", bytes(SET_SIZE << SET_BITS), 1);
  const rules = mappableArray("unwind_rules", bytes(MOST_RULES * Rule.size), 1);
  const mappings = mappableArray("unwind_mapped", bytes(MOST_MAPPINGS * Mapping.size), 1);
  const chunk = perCpuArrayMap("unwind_chunk", bytes(Chunk.size), 1);
  const maps = [places, mappings, rules, chunk] as readonly unknown[] as MapSpec[];
  return { maps, places, mappings, rules, chunk };
}

/**
 * Places are blocks of memory or of a file, of so many bytes as powers of two: an address is looked for in the large one it
 * is in, then in smaller ones.
 */
export type BlockBits = number;
/** For which one mapping holds, in what a process has mapped. */
export const MAPPING_BLOCKS: readonly BlockBits[] = [18, 15, 12];
/** For which one row holds, in the code of a file. */
export const ROW_BLOCKS: readonly BlockBits[] = [6, 3, 0];

/** Above all addresses of user space. */
export const BLOCK_SHIFT = 58;

/** Where a block is looked for. */
export interface Place {
  /** The first of the words it may be in. */
  readonly at: number;
  /** What its word is, but for the number. */
  readonly tag: bigint;
}

/** As the program computes it. `space` is the number of what a process has mapped, or of a file; `address` is any in the block. */
export function placeOf(space: bigint, address: number, bits: BlockBits): Place {
  const block = (BigInt(address) >> BigInt(bits)) | (BigInt(bits) << BigInt(BLOCK_SHIFT));
  let hash = BigInt.asUintN(64, (block ^ space) * HASH_MULTIPLIER);
  hash = BigInt.asUintN(64, (hash ^ (hash >> 32n)) * HASH_MULTIPLIER);
  return {
    at: Number(hash >> BigInt(64 - SET_BITS)) * WAYS,
    tag: BigInt.asUintN(64, hash << BigInt(NUMBER_BITS)),
  };
}
