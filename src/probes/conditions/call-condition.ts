/** Conditions on calls with known parameters: what their names stand for. Pure. */
import type { Block, Label } from "../../asm/instruction";
import { load } from "../../asm/memory";
import { fp, r1 } from "../../asm/register";
import { didYouMean } from "../../core/suggest";
import type { Param, ValueForm } from "../calls/value-form";
import { type Named, unless, widened } from "./compile";
import { DURATION_NAME, type Filter, filterError, namesIn, RESULT_NAME } from "./condition";

/** What decides whether a condition can be asked of a function. */
export interface Asked {
  readonly name: string;
  readonly params: readonly Param[];
  /** Undefined where it gives nothing. */
  readonly result: ValueForm | undefined;
  /** Whether its calls are followed to their end. */
  readonly timed: boolean;
}

/** Throws a UsageError that points at a name that this function's calls do not have, or that is no number. */
export function checkFilter({ text, condition }: Filter, { name, params, result, timed }: Asked): void {
  const later = [...(result === undefined ? [] : [RESULT_NAME]), ...(timed ? [DURATION_NAME] : [])];
  const known = [...params.map((param) => param.name), ...later];
  for (const { name: used, at } of namesIn(condition)) {
    const param = params.find((each) => each.name === used);
    if (param === undefined && later.includes(used)) continue;
    if (param === undefined)
      throw filterError(text, at, `"${used}" is no argument of ${name}`, {
        hint: didYouMean(used, known) ?? `it has ${known.join(", ") || "none"}`,
      });
    if (param.form.kind === "string")
      throw filterError(text, at, `"${used}" of ${name} is a string, and conditions compare numbers`);
  }
}

/** What a condition's names stand for, as text: calls for which it is the same can share a program. */
export function filterSignature(
  filter: Filter | undefined,
  params: readonly Param[],
  result: ValueForm | undefined,
): string {
  if (filter === undefined) return "";
  const places = [...namesIn(filter.condition)].map(({ name }) => {
    const index = params.findIndex((param) => param.name === name);
    const { size, signed } = widthOf(params[index]?.form ?? result);
    return `${index}/${size}/${signed}`;
  });
  return places.join();
}

/** Where what is asked of a call can be found. */
export interface FilteredCall {
  readonly params: readonly Param[];
  readonly result: ValueForm | undefined;
  /** `r1` = argument `index`. Loses r0–r5. */
  loadWord(index: number): Block;
  /** Places on the stack. */
  readonly resultAt: number;
  readonly durationAt: number;
  readonly scratch: number;
}

/** `r1` = the number of that name in 64 bits; whether it has a sign. Loses r0–r5. */
export function loadNumber(
  name: string,
  call: FilteredCall,
): { readonly code: Block; readonly signed: boolean } {
  const named = namedIn(call)(name);
  return { code: widened(named), signed: named.signed };
}

/** Goes to `drop` unless the condition holds of the call. Loses r0–r5. */
export function keepMatching({ condition }: Filter, call: FilteredCall, drop: Label): Block {
  return unless(condition, { scratch: call.scratch, named: namedIn(call) }, drop);
}

function namedIn({ params, result, loadWord, resultAt, durationAt }: FilteredCall): (name: string) => Named {
  return (name) => {
    if (name === DURATION_NAME) return { load: [load(8, r1, fp, durationAt)], size: 8, signed: false };
    const index = params.findIndex((param) => param.name === name);
    if (index >= 0) return { load: loadWord(index), ...widthOf(params[index]?.form) };
    return { load: [load(8, r1, fp, resultAt)], ...widthOf(result) };
  };
}

function widthOf(form: ValueForm | undefined): { size: 1 | 2 | 4 | 8; signed: boolean } {
  if (form?.kind === "int" || form?.kind === "enum") return { size: form.size, signed: form.signed };
  if (form?.kind === "bool") return { size: 1, signed: false };
  return { size: form?.kind === "hex" ? form.size : 8, signed: false };
}
