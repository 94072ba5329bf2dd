/** Compares a string of a call with letters that are known. Pure. */
import { mov } from "../../asm/alu";
import { helper } from "../../asm/helper-ids";
import { type Block, type Label, label } from "../../asm/instruction";
import { call, jump } from "../../asm/jump";
import { stackAddress } from "../../asm/macros/map";
import { load, loadImm64, store } from "../../asm/memory";
import type { Width } from "../../asm/opcode";
import { fp, r0, r1, r2, r3 } from "../../asm/register";
import type { Memory } from "../calls/value-form";
import { LONGEST_TEXT, type Pattern } from "./condition";

/** Bytes of the stack: the letters, a NUL, and one to see whether more follow. */
export const TEXT_STACK = Math.ceil((LONGEST_TEXT + 2) / 8) * 8;

export interface TextPlace {
  /** `r1` = the address of the string. Loses r0–r5. */
  readonly load: Block;
  /** Where it lies; what is not in the kernel's memory is in the caller's. */
  readonly memory: Memory | "any";
  /** Eight free bytes of the stack. */
  readonly scratch: number;
  /** End of TEXT_STACK more. */
  readonly stack: number;
}

/** Goes to `differs` unless the string is like the pattern; one that cannot be read is not. Loses r0–r5. */
export function matchText({ text, isPrefix }: Pattern, place: TextPlace, differs: Label): Block {
  const { memory, scratch, stack } = place;
  const letters = Buffer.from(isPrefix ? text : `${text}\0`);
  const at = stack - TEXT_STACK;
  const read = (how: number): Block => [
    [stackAddress(r1, at), mov(r2, letters.length + 1), load(8, r3, fp, scratch), call(how)],
  ];
  const known = label("text");
  return [
    [place.load, store(8, fp, scratch, r1)],
    memory === "user" ? [] : read(helper.probeReadKernelStr),
    memory === "any" ? jump.sgt(r0, 0, known) : [],
    memory === "kernel" ? [] : read(helper.probeReadUserStr),
    [known, jump.sle(r0, 0, differs)],
    pieces(letters).map(({ from, width, value }) => [
      [load(width, r1, fp, at + from), loadImm64(r2, value), jump.ne(r1, r2, differs)],
    ]),
  ];
}

interface Piece {
  readonly from: number;
  readonly width: Width;
  readonly value: bigint;
}

/** As few loads as there can be. */
function pieces(letters: Buffer): Piece[] {
  const all: Piece[] = [];
  for (let from = 0; from < letters.length; ) {
    const left = letters.length - from;
    const width: Width = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    const value = Array.from({ length: width }, (_, i) => BigInt(letters[from + i] ?? 0) << BigInt(8 * i));
    all.push({ from, width, value: value.reduce((sum, byte) => sum | byte, 0n) });
    from += width;
  }
  return all;
}
