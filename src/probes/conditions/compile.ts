/** A condition as instructions. Pure. */
import { and, arsh, be, lsh, mov, rsh } from "../../asm/alu";
import { type Block, type Label, label } from "../../asm/instruction";
import { type JumpBuilder, jump } from "../../asm/jump";
import { load, loadImm64, store } from "../../asm/memory";
import { fp, r1, r2 } from "../../asm/register";
import type { Comparison, Condition, Operand, Pattern } from "./condition";

/** What a name stands for in a call. */
export interface Named {
  /** `r1` = the word that holds it. Loses r0–r5. */
  readonly load: Block;
  /** Bytes of the word that count. */
  readonly size: 1 | 2 | 4 | 8;
  readonly signed: boolean;
  /** Whether its bytes are in the order of the network. */
  readonly swapped?: boolean | undefined;
}

/** Where names lead, and eight free bytes of the stack. */
export interface ConditionPlace {
  named(name: string): Named;
  /** Goes to `differs` unless the string of that name is like the pattern. Loses r0–r5. */
  match(name: string, pattern: Pattern, differs: Label): Block;
  readonly scratch: number;
}

/** Falls through where the condition holds, and goes to `no` where it does not. Loses r0–r5. */
export function unless(condition: Condition, place: ConditionPlace, no: Label): Block {
  switch (condition.kind) {
    case "and":
      return [unless(condition.left, place, no), unless(condition.right, place, no)];
    case "or": {
      const yes = label("holds");
      return [when(condition.left, place, yes), unless(condition.right, place, no), yes];
    }
    case "not":
      return when(condition.of, place, no);
    case "match":
      return place.match(condition.of.name, condition.pattern, no);
    case "compare":
      return compare(condition.left, INVERSE[condition.op], condition.right, place, no);
  }
}

/** Goes to `yes` where the condition holds, and falls through where it does not. */
function when(condition: Condition, place: ConditionPlace, yes: Label): Block {
  switch (condition.kind) {
    case "and": {
      const no = label("holds_not");
      return [unless(condition.left, place, no), when(condition.right, place, yes), no];
    }
    case "or":
      return [when(condition.left, place, yes), when(condition.right, place, yes)];
    case "not":
      return unless(condition.of, place, yes);
    case "match": {
      const differs = label("differs");
      return [place.match(condition.of.name, condition.pattern, differs), jump.always(yes), differs];
    }
    case "compare":
      return compare(condition.left, condition.op, condition.right, place, yes);
  }
}

const INVERSE: Readonly<Record<Comparison, Comparison>> = {
  "==": "!=",
  "!=": "==",
  "<": ">=",
  ">=": "<",
  ">": "<=",
  "<=": ">",
};

const UNSIGNED: Readonly<Record<Comparison, JumpBuilder>> = {
  "==": jump.eq,
  "!=": jump.ne,
  "<": jump.lt,
  "<=": jump.le,
  ">": jump.gt,
  ">=": jump.ge,
};
const SIGNED: Readonly<Record<Comparison, JumpBuilder>> = {
  ...UNSIGNED,
  "<": jump.slt,
  "<=": jump.sle,
  ">": jump.sgt,
  ">=": jump.sge,
};

function compare(left: Operand, op: Comparison, right: Operand, place: ConditionPlace, target: Label): Block {
  const isSigned = [left, right].some((operand) => isSignedOperand(operand, place));
  return [
    [value(left, place), store(8, fp, place.scratch, r1)],
    [value(right, place), mov(r2, r1), load(8, r1, fp, place.scratch)],
    (isSigned ? SIGNED : UNSIGNED)[op](r1, r2, target),
  ];
}

function isSignedOperand(operand: Operand, place: ConditionPlace): boolean {
  if (operand.mask !== undefined) return false;
  return operand.kind === "number" ? operand.value < 0n : place.named(operand.name).signed;
}

/** `r1` = the value in 64 bits. */
function value(operand: Operand, place: ConditionPlace): Block {
  const { mask } = operand;
  const plain = operand.kind === "number" ? loadImm64(r1, operand.value) : widened(place.named(operand.name));
  if (mask === undefined) return [plain];
  if (typeof mask !== "bigint") throw new RangeError(`mask "${mask.name}" has no value`);
  return [plain, loadImm64(r2, mask), and(r1, r2)];
}

/** `r1` = the value in 64 bits: what of the word does not count may be anything. */
export function widened({ load: loaded, size, signed, swapped }: Named): Block {
  if (swapped === true && size !== 1) return [loaded, be((8 * size) as 16 | 32 | 64, r1)];
  const shift = 64 - 8 * size;
  if (shift === 0) return loaded;
  return [loaded, lsh(r1, shift), signed ? arsh(r1, shift) : rsh(r1, shift)];
}
