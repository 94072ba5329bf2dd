/** Conditions on calls with known parameters: what their names stand for. Pure. */
import type { Block, Label } from "../../asm/instruction";
import { load } from "../../asm/memory";
import { fp, r1 } from "../../asm/register";
import { didYouMean } from "../../core/suggest";
import { leadsFurther, type Memory, type Param, type ValueForm } from "../calls/value-form";
import { bindNames, type Names, valuesOf } from "./bind-names";
import { type Named, unless, widened } from "./compile";
import {
  type Condition,
  DURATION_NAME,
  type Filter,
  filterError,
  type NameAt,
  type Operand,
  RESULT_NAME,
} from "./condition";
import { matchText } from "./match-text";

/** What decides whether a condition can be asked of a function. */
export interface Asked {
  readonly name: string;
  readonly params: readonly Param[];
  /** What is not shown, and asked for. */
  readonly hidden: readonly Param[];
  /** Undefined where it gives nothing. */
  readonly result: ValueForm | undefined;
  /** Whether its calls are followed to their end. */
  readonly timed: boolean;
}

/** Throws a UsageError that points at what this function's calls do not have, or what cannot be compared. */
export function checkFilter({ text, condition }: Filter, asked: Asked): void {
  const { result, timed } = asked;
  const params = [...asked.params, ...asked.hidden];
  const later = [...(result === undefined ? [] : [RESULT_NAME]), ...(timed ? [DURATION_NAME] : [])];
  const check = { ...asked, text, params, known: [...params.map(({ name }) => name), ...later] };
  checkCondition(bindNames(condition, { params, result }), check);
}

interface Check extends Names {
  readonly text: string;
  readonly name: string;
  /** All names of arguments, and of what is known later. */
  readonly known: readonly string[];
}

function checkCondition(condition: Condition, check: Check): void {
  const { text, name, params } = check;
  switch (condition.kind) {
    case "and":
    case "or":
      checkCondition(condition.left, check);
      checkCondition(condition.right, check);
      return;
    case "not":
      checkCondition(condition.of, check);
      return;
    case "match": {
      const { of } = condition;
      checkName(of, [], check);
      if (params.find((param) => param.name === of.name)?.form.kind !== "string")
        throw filterError(text, of.at, `"${of.name}" of ${name} is no string`);
      return;
    }
    case "compare":
      checkOperand(condition.left, condition.right, check);
      checkOperand(condition.right, condition.left, check);
  }
}

function checkOperand(operand: Operand, other: Operand, check: Check): void {
  const { text, name, params } = check;
  if (operand.kind === "name") {
    checkName(operand, namesOfValues(other, check), check);
    const form = params.find((param) => param.name === operand.name)?.form;
    if (form?.kind === "string")
      throw filterError(text, operand.at, `"${operand.name}" of ${name} is a string`, {
        hint: 'strings are compared like this: filename == "/etc/*"',
      });
    if (form !== undefined && leadsFurther(form))
      throw filterError(
        text,
        operand.at,
        `"${operand.name}" of ${name} is no number, and conditions compare numbers`,
      );
  }
  const { mask } = operand;
  if (typeof mask === "object") {
    const values = namesOfValues(operand, check);
    throw filterError(text, mask.at, `"${mask.name}" is no number and no name of a flag`, {
      hint: didYouMean(mask.name, values) ?? hintOf(values),
    });
  }
}

function checkName(
  { name: used, at }: NameAt,
  values: readonly string[],
  { text, name, known }: Check,
): void {
  if (known.includes(used)) return;
  const hint = /^E[A-Z0-9]+$/.test(used) ? `errors are below zero: -${used}` : undefined;
  throw filterError(text, at, `"${used}" is no argument of ${name}`, {
    hint: hint ?? didYouMean(used, [...known, ...values]) ?? `it has ${known.join(", ") || "none"}`,
  });
}

/** The names that what is compared with has for its values. */
function namesOfValues(operand: Operand, { params, result }: Check): string[] {
  if (operand.kind !== "name") return [];
  const form = operand.name === RESULT_NAME ? result : params.find(({ name }) => name === operand.name)?.form;
  return form === undefined ? [] : [...valuesOf(form).keys()];
}

const NAMED = 8;

function hintOf(values: readonly string[]): string | undefined {
  if (values.length === 0) return undefined;
  return `it has ${values.slice(0, NAMED).join(", ")}${values.length > NAMED ? ", …" : ""}`;
}

/** What a condition's names stand for, as text: calls for which it is the same can share a program. */
export function filterSignature(
  filter: Filter | undefined,
  params: readonly Param[],
  result: ValueForm | undefined,
): string {
  if (filter === undefined) return "";
  const bound = bindNames(filter.condition, { params, result });
  return JSON.stringify(bound, (key, value: unknown) => {
    if (key === "name") {
      const index = params.findIndex((param) => param.name === value);
      return { index, ...widthOf(params[index]?.form ?? result) };
    }
    return typeof value === "bigint" ? `${value}` : value;
  });
}

/** Where what is asked of a call can be found. */
export interface FilteredCall {
  readonly params: readonly Param[];
  readonly result: ValueForm | undefined;
  /** `r1` = argument `index`. Loses r0–r5. */
  loadWord(index: number): Block;
  /** Where its strings lie. */
  readonly memory: Memory;
  /** Places on the stack. */
  readonly resultAt: number;
  readonly durationAt: number;
  readonly scratch: number;
  /** The end of TEXT_STACK bytes. */
  readonly textStack: number;
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
  const { scratch, textStack: stack, params, loadWord } = call;
  const match = (name: string, pattern: Parameters<typeof matchText>[0], differs: Label): Block => {
    const index = params.findIndex((param) => param.name === name);
    const form = params[index]?.form;
    const own = form?.kind === "string" ? form.memory : undefined;
    const memory = own ?? (call.memory === "user" ? "user" : "any");
    return matchText(pattern, { load: loadWord(index), memory, scratch, stack }, differs);
  };
  return unless(bindNames(condition, call), { scratch, named: namedIn(call), match }, drop);
}

function namedIn({ params, result, loadWord, resultAt, durationAt }: FilteredCall): (name: string) => Named {
  return (name) => {
    if (name === DURATION_NAME) return { load: [load(8, r1, fp, durationAt)], size: 8, signed: false };
    const index = params.findIndex((param) => param.name === name);
    if (index >= 0) return { load: loadWord(index), ...widthOf(params[index]?.form) };
    return { load: [load(8, r1, fp, resultAt)], ...widthOf(result) };
  };
}

function widthOf(form: ValueForm | undefined): Omit<Named, "load"> {
  if (form?.kind === "int") return { size: form.size, signed: form.signed, swapped: form.swapped };
  if (form?.kind === "enum") return { size: form.size, signed: form.signed };
  if (form?.kind === "bool") return { size: 1, signed: false };
  return { size: form !== undefined && "size" in form ? form.size : 8, signed: false };
}
