/** The way from a frame to its caller's, in a program. Pure. */
import { add, and, lsh, mov, mul, rsh, sub, xor } from "../../asm/alu";
import { helper } from "../../asm/helper-ids";
import { type Block, type Label, label } from "../../asm/instruction";
import { call, jump } from "../../asm/jump";
import { load, loadImm64, loadMapValue, store } from "../../asm/memory";
import { type Register, r0, r1, r2, r3, r4, r5 } from "../../asm/register";
import { struct, u64 } from "../../core/codec";
import type { UnwindMachine } from "../../symbols/unwind/machine";
import { HASH_MULTIPLIER, MAX_DEPTH } from "../stack-store";
import {
  BLOCK_SHIFT,
  type BlockBits,
  CHUNK,
  Chunk,
  MAPPING_BLOCKS,
  Mapping,
  MOST_MAPPINGS,
  MOST_RULES,
  NUMBER_BITS,
  ROW_BLOCKS,
  Rule,
  RuleFlag,
  SET_BITS,
  SET_SIZE,
  type UnwindRows,
  WAYS,
} from "./rows";

/** What a program keeps on its stack while it walks. */
export const Walk = struct({
  /** The number of the code that the process has mapped. */
  space: u64,
  /** The address that is looked up; 0 where no row is missing. */
  missing: u64,
  /** The frame at hand. */
  ...{ pc: u64, sp: u64, fp: u64, link: u64 },
  /** Where its addresses are written to, and what was read of the stack: pointers into maps. */
  ...{ words: u64, chunk: u64 },
  /** WalkEnd */
  end: u64,
  /** The last frame's mapping, which most often is the next one's. */
  ...{ start: u64, size: u64, bias: u64, file: u64 },
  /** The address in that file that is looked up. */
  inFile: u64,
  // To work with.
  ...{ cfa: u64, rule: u64, word: u64 },
});

export const WalkEnd = Object.freeze({ unknown: 0, complete: 1 });

/** Where a `Walk` is. */
export interface WalkPlace {
  readonly base: Register;
  at(field: keyof typeof Walk.offsets): number;
}

/** Eight times as many as there is room for. Deeper stacks are left to user space. */
export const MOST_BYTES = MAX_DEPTH * 8;

interface Ways {
  readonly complete: Label;
  /** No row is known for the address in `missing`. */
  readonly unknown: Label;
  /** Anything else that only user space goes into. */
  readonly stray: Label;
}

/**
 * Notes the frame at hand and goes to its caller's, or to one of the labels. `id` has eight times the number of frames within
 * this one. `words` is where addresses are written to. Both are kept by calls. Loses r0–r5.
 */
export function walkFrame(
  rows: UnwindRows,
  machine: UnwindMachine,
  place: WalkPlace & { readonly id: Register; readonly words: Register },
  ways: Ways,
): Block {
  const { base, at, id, words } = place;
  return [
    [jump.gt(id, MOST_BYTES - 8, ways.stray), load(8, r1, base, at("pc")), mov(r2, words), add(r2, id)],
    store(8, r2, 0, r1),
    findRule(rows, place, ways.unknown),
    leaveFrame(machine, place, id, ways),
    [load(8, r1, base, at("pc")), jump.eq(r1, 0, ways.complete)],
    // A call may be the last instruction of its function.
    [sub(r1, 1), store(8, base, at("missing"), r1)],
  ];
}

/** What pointer authentication has put above an address. */
export function withoutSignature({ highMask }: UnwindMachine, address: Register): Block {
  const bits = Math.clz32(highMask);
  return bits === 0 ? [] : [lsh(address, bits), rsh(address, bits)];
}

/** r1 = the rule for the address that may be missing. Goes to `unknown` where there is none. */
function findRule({ places, mappings, rules }: UnwindRows, walk: WalkPlace, unknown: Label): Block {
  const { base, at } = walk;
  const [same, mapped, found] = [label("same_mapping"), label("mapping_found"), label("row_found")];
  const fields = ["start", "size", "bias", "file"] as const;
  return [
    [load(8, r2, base, at("missing")), load(8, r3, base, at("start")), sub(r2, r3)],
    [load(8, r3, base, at("size")), jump.lt(r2, r3, same)],
    MAPPING_BLOCKS.map((bits) =>
      findWord(places, walk, { of: "missing", within: "space", bits, found: mapped }),
    ),
    [jump.always(unknown), mapped],
    [and(r4, MOST_MAPPINGS - 1), mul(r4, Mapping.size), loadMapValue(r1, mappings), add(r1, r4)],
    fields.map((field) => [load(8, r2, r1, Mapping.offsets[field]), store(8, base, at(field), r2)]),
    [same, load(8, r2, base, at("missing")), load(8, r3, base, at("bias")), sub(r2, r3)],
    store(8, base, at("inFile"), r2),
    ROW_BLOCKS.map((bits) => findWord(places, walk, { of: "inFile", within: "file", bits, found })),
    [jump.always(unknown), found],
    [and(r4, MOST_RULES - 1), mul(r4, Rule.size), loadMapValue(r1, rules), add(r1, r4)],
  ];
}

interface Wanted {
  /** Where the address is, and the number of what it is an address of. */
  readonly of: keyof typeof Walk.offsets;
  readonly within: keyof typeof Walk.offsets;
  readonly bits: BlockBits;
  readonly found: Label;
}

/** Goes to `found` with the word of a block in r4 if it is there: as `placeOf`. */
function findWord(
  places: UnwindRows["places"],
  { base, at }: WalkPlace,
  { of, within, bits, found }: Wanted,
): Block {
  const ways = Array.from({ length: WAYS }, (_, way) => 8 * way);
  return [
    [load(8, r2, base, at(of)), rsh(r2, bits), load(8, r3, base, at(within))],
    [loadImm64(r4, BigInt(bits) << BigInt(BLOCK_SHIFT)), xor(r2, r4), xor(r2, r3)],
    [loadImm64(r3, HASH_MULTIPLIER), mul(r2, r3), mov(r4, r2), rsh(r4, 32), xor(r2, r4), mul(r2, r3)],
    [mov(r3, r2), rsh(r3, 64 - SET_BITS), mul(r3, SET_SIZE), loadMapValue(r1, places), add(r1, r3)],
    lsh(r2, NUMBER_BITS),
    ways.map((way) => [
      [load(8, r4, r1, way), mov(r5, r4), xor(r5, r2), rsh(r5, NUMBER_BITS), jump.eq(r5, 0, found)],
    ]),
  ];
}

/** Goes to the caller by the rule at r1. What user space would not call a plain frame goes to `stray`. */
function leaveFrame(
  machine: UnwindMachine,
  place: WalkPlace,
  id: Register,
  { complete, stray }: Ways,
): Block {
  const { base, at } = place;
  const [fromSp, left] = [label("from_sp"), label("left")];
  const { cfaOffset, returnOffset, fpOffset, flags } = Rule.offsets;
  const unlessFlag = (flag: number, target: Label): Block => [
    [load(8, r2, r1, flags), and(r2, flag), jump.eq(r2, 0, target)],
  ];
  const notOutermost = label("not_outermost");
  const isOutermost = [unlessFlag(RuleFlag.outermost, notOutermost), jump.always(complete), notOutermost];
  return [
    isOutermost,
    // r3 = the CFA
    [
      load(8, r3, base, at("sp")),
      unlessFlag(RuleFlag.cfaFromFp, fromSp),
      load(8, r3, base, at("fp")),
      fromSp,
    ],
    [load(8, r2, r1, cfaOffset), add(r3, r2), load(8, r4, base, at("sp")), store(8, base, at("cfa"), r3)],
    machine.linkColumn === undefined ? [] : leaveLeaf(place, id, { stray, left }, unlessFlag),
    jump.le(r3, r4, stray),
    // A register that has been popped again is below the stack pointer: only user space goes into that.
    [load(8, r2, r1, returnOffset), add(r3, r2), jump.lt(r3, r4, stray), store(8, base, at("rule"), r1)],
    readWord(place, stray),
    [withoutSignature(machine, r2), store(8, base, at("pc"), r2)],
    [load(8, r1, base, at("rule")), unlessFlag(RuleFlag.fpSaved, left)],
    [load(8, r2, r1, fpOffset), load(8, r3, base, at("cfa")), add(r3, r2)],
    [load(8, r4, base, at("sp")), jump.lt(r3, r4, left)],
    readWord(place, stray),
    [withoutSignature(machine, r2), store(8, base, at("fp"), r2)],
    [left, load(8, r3, base, at("cfa")), store(8, base, at("sp"), r3)],
  ];
}

/**
 * r2 = the word of the user stack at r3, which is not below the stack pointer. Goes to `stray` if there is none. Loses the
 * other ones up to r5.
 */
function readWord({ base: walk, at }: WalkPlace, stray: Label): Block {
  const [there, whole, fromSp] = [label("word_there"), label("chunk_read"), label("chunk_at_sp")];
  const last = CHUNK - 8;
  const { base, starts, bytes: first } = Chunk.offsets;
  return [
    [load(8, r5, walk, at("chunk")), mov(r2, r3), load(8, r1, r5, base), sub(r2, r1)],
    [load(8, r1, r5, starts), jump.lt(r2, r1, there)],
    // Another chunk: from the stack pointer on, as what is saved lies above it, or around the word.
    [store(8, walk, at("word"), r3), load(8, r1, walk, at("sp")), mov(r2, r3), sub(r2, r1)],
    [jump.le(r2, last, fromSp), mov(r1, r3), sub(r1, CHUNK / 2), fromSp],
    [store(8, r5, base, r1), store(8, r5, starts, last + 1), mov(r3, r1)],
    [mov(r1, r5), add(r1, first), mov(r2, CHUNK), call(helper.probeReadUser), jump.eq(r0, 0, whole)],
    // The end of the stack is nearer than that of the chunk.
    [
      load(8, r1, walk, at("chunk")),
      load(8, r3, walk, at("word")),
      store(8, r1, base, r3),
      store(8, r1, starts, 1),
    ],
    [add(r1, first), mov(r2, 8), call(helper.probeReadUser), jump.ne(r0, 0, stray)],
    [
      whole,
      load(8, r5, walk, at("chunk")),
      load(8, r2, walk, at("word")),
      load(8, r1, r5, base),
      sub(r2, r1),
    ],
    // The second bound is for the verifier.
    [there, jump.gt(r2, last, stray), add(r5, r2), load(8, r2, r5, first)],
  ];
}

/**
 * A function that calls nobody may leave its return address in its register: only the innermost frame is one, and it may
 * have put nothing on the stack. The CFA is in r3, the stack pointer in r4.
 */
function leaveLeaf(
  { base, at }: WalkPlace,
  id: Register,
  { stray, left }: Pick<Ways, "stray"> & { readonly left: Label },
  unlessFlag: (flag: number, target: Label) => Block,
): Block {
  const saved = label("return_saved");
  return [
    [unlessFlag(RuleFlag.returnInRegister, saved), jump.ne(id, 0, stray), jump.lt(r3, r4, stray)],
    [load(8, r2, base, at("link")), load(8, r4, base, at("pc")), jump.eq(r2, r4, stray)],
    [store(8, base, at("pc"), r2), jump.always(left), saved],
  ];
}
