/** What programs need of a row of unwind information. Pure. */
import { unlessThrown } from "../../symbols/unwind/damaged";
import { evaluate } from "../../symbols/unwind/expression";
import type { UnwindMachine } from "../../symbols/unwind/machine";
import type { Row } from "../../symbols/unwind/row";
import { RuleFlag } from "./rows";

/** The fields of a `Rule`. */
export interface RuleFields {
  readonly cfaOffset: bigint;
  readonly returnOffset: bigint;
  readonly fpOffset: bigint;
  readonly flags: bigint;
}

/** No frame is as large; damaged information may say anything. */
const FARTHEST = 2 ** 31;

/** The rule of a row; undefined where they would need more than the stack pointer and the frame pointer. */
export function ruleOf(
  { cfa, rules, returnColumn, isOutermost, isSignalFrame }: Row,
  { spColumn, fpColumn, pcColumn, linkColumn }: UnwindMachine,
): RuleFields | undefined {
  if (isSignalFrame || returnColumn !== (linkColumn ?? pcColumn)) return undefined;
  if (isOutermost) return ruleFields({ flags: RuleFlag.outermost });
  if (cfa.kind !== "register" || (cfa.column !== spColumn && cfa.column !== fpColumn)) return undefined;
  const [ofReturn, ofFp, ofSp] = [returnColumn, fpColumn, spColumn].map(
    (column) => rules.find((rule) => rule.column === column)?.rule,
  );
  if (ofSp !== undefined) return undefined;
  let flags = cfa.column === fpColumn ? RuleFlag.cfaFromFp : 0;
  const { offset: cfaOffset } = cfa;
  if (ofReturn === undefined && ofFp === undefined && linkColumn !== undefined)
    return ruleFields({ cfaOffset, flags: flags | RuleFlag.returnInRegister });
  if (ofReturn?.kind !== "saved" || (ofFp !== undefined && ofFp.kind !== "saved")) return undefined;
  if (ofFp !== undefined) flags |= RuleFlag.fpSaved;
  return ruleFields({ cfaOffset, returnOffset: ofReturn.offset, fpOffset: ofFp?.offset, flags });
}

function ruleFields({
  cfaOffset = 0,
  returnOffset = 0,
  fpOffset = 0,
  flags,
}: {
  readonly cfaOffset?: number;
  readonly returnOffset?: number;
  readonly fpOffset?: number | undefined;
  readonly flags: number;
}): RuleFields | undefined {
  const numbers = [cfaOffset, returnOffset, fpOffset];
  if (!numbers.every((number) => Math.abs(number) <= FARTHEST)) return undefined;
  const [cfa, returns, fp] = numbers.map(BigInt) as [bigint, bigint, bigint];
  return { cfaOffset: cfa, returnOffset: returns, fpOffset: fp, flags: BigInt(flags) };
}

/** Stack pointers to try an expression with. */
const TRIED = [2 ** 40, 2 ** 44 + 4096] as const;

/**
 * What a row comes to at one address, where its CFA is an expression that asks for nothing but the address and the stack
 * pointer, as in the tables by which libraries are called; undefined for others.
 */
export function rowAtAddress(row: Row, machine: UnwindMachine, address: number): Row | undefined {
  const { cfa } = row;
  if (cfa.kind !== "expression") return undefined;
  const { spColumn, pcColumn } = machine;
  const [offset, other] = TRIED.map((sp) => {
    const register = (column: number) =>
      column === spColumn ? sp : column === pcColumn ? address : Number.NaN;
    const value = unlessThrown(RangeError, () => evaluate(cfa.code, { register, word: () => Number.NaN }));
    return value === undefined ? Number.NaN : value - sp;
  }) as [number, number];
  return offset === other ? { ...row, cfa: { kind: "register", column: spColumn, offset } } : undefined;
}
