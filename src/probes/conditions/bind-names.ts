/** Names of values and flags in a condition become the numbers they stand for, by what they are compared with. Pure. */
import { leadsFurther, type Param, type ValueForm } from "../calls/value-form";
import { type Condition, DURATION_NAME, type NameAt, type Operand, RESULT_NAME } from "./condition";

/** What the names of a condition can stand for in a call. */
export interface Names {
  readonly params: readonly Param[];
  readonly result: ValueForm | undefined;
}

/** The condition with numbers in place of all names of values; what is no such name stays. */
export function bindNames(condition: Condition, names: Names): Condition {
  switch (condition.kind) {
    case "and":
    case "or": {
      const { left, right } = condition;
      return { ...condition, left: bindNames(left, names), right: bindNames(right, names) };
    }
    case "not":
      return { ...condition, of: bindNames(condition.of, names) };
    case "match":
      return condition;
    case "compare": {
      const { left, right } = condition;
      return { ...condition, left: bound(left, right, names), right: bound(right, left, names) };
    }
  }
}

function bound(operand: Operand, other: Operand, names: Names): Operand {
  const masked =
    typeof operand.mask === "object" ? { ...operand, mask: maskOf(operand, operand.mask, names) } : operand;
  if (masked.kind !== "name" || formOf(masked.name, names) !== undefined) return masked;
  const { name, at, mask } = masked;
  const value = constant(name, other, names);
  return value === undefined ? masked : { kind: "number", value, at, mask };
}

/** Both `flags & O_CREAT` and `O_CREAT & flags` would be understood, but only the first is what people write. */
function maskOf(operand: Operand, mask: NameAt, names: Names): bigint | NameAt {
  return constant(mask.name, operand, names) ?? mask;
}

function constant(name: string, other: Operand, names: Names): bigint | undefined {
  const form = other.kind === "name" ? formOf(other.name, names) : undefined;
  return form === undefined ? undefined : valuesOf(form).get(name);
}

/** The form of an argument or the result; a duration has no names. */
function formOf(name: string, { params, result }: Names): ValueForm | undefined {
  const param = params.find((each) => each.name === name);
  if (param !== undefined) return param.form;
  if (name === DURATION_NAME) return { kind: "int", size: 8, signed: false };
  return name === RESULT_NAME ? result : undefined;
}

/** The names that values of this form have. */
export function valuesOf(form: ValueForm): ReadonlyMap<string, bigint> {
  if (leadsFurther(form)) return new Map();
  if (form.kind === "bool")
    return new Map([
      ["true", 1n],
      ["false", 0n],
    ]);
  if (form.kind === "enum") return new Map([...form.names].map(([value, name]) => [name, BigInt(value)]));
  if (form.kind === "flags")
    return new Map(form.set.flags.map(({ name, value }) => [name, BigInt(value >>> 0)]));
  return new Map();
}
