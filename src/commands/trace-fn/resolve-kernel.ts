/** Functions of the kernel and its modules by their names, with the parameters that BTF knows. */
import type { Btf } from "../../bpf/btf/btf";
import type { Prototype } from "../../bpf/btf/prototype";
import { moduleBtf } from "../../bpf/btf/vmlinux";
import type { KernelFacts } from "../../bpf/facts";
import { formOfType } from "../../probes/calls/btf-form";
import type { FunctionParam, FunctionSite } from "../../probes/calls/function-calls";
import { fentryWay, kprobeMultiWay, kprobeWay } from "../../probes/calls/function-ways";
import { findMember, type TypedParam } from "../../probes/calls/member-form";
import { callRegisters } from "../../probes/calls/registers";
import { leadsFurther, plainWord, type ValueForm } from "../../probes/calls/value-form";
import { kernelFunctionNames } from "../../probes/targets/kernel-function-names";
import type { KernelTarget } from "../../probes/targets/target";
import { type Choice, chosenArguments, namedAmong } from "./chosen-arguments";
import type { Skipped, Unnumbered, Wishes } from "./resolve";
import type { Surroundings } from "./surroundings";

/** Throws a UsageError where the kernel has no such function; those that cannot be traced go to `skipped`. */
export function kernelFunctions(
  target: KernelTarget,
  around: Surroundings,
  wishes: Wishes,
  skipped: Skipped[],
): Unnumbered<FunctionSite>[] {
  const { facts, kallsyms } = around;
  const found = kernelFunctionNames(target, { btf: facts.btf(), kallsyms });
  const traceable = target.pattern.kind === "exact" ? undefined : traceableNames(around);
  const kept = found.filter((name) => traceable?.has(name) ?? true);
  const left = new Set(kept);
  for (const name of found)
    if (!left.has(name)) skipped.push({ name, reason: "is not among available_filter_functions" });
  const btf = target.module === undefined ? facts.btf() : moduleBtf(target.module);
  return kept.map((name) => functionSite(name, target, around, btf, wishes));
}

/** What ftrace can trace; undefined where tracefs is not mounted. */
function traceableNames({ tracefs, readTracefs }: Surroundings): ReadonlySet<string> | undefined {
  const text = tracefs === undefined ? undefined : readTracefs("available_filter_functions");
  return text === undefined
    ? undefined
    : new Set(text.split("\n").map((line) => line.split(" ", 1)[0] ?? ""));
}

function functionSite(
  name: string,
  target: KernelTarget,
  around: Surroundings,
  btf: Btf | undefined,
  { args, conditions }: Wishes,
): Unnumbered<FunctionSite> {
  const { arch } = around.facts;
  const { offset, returnOnly } = target;
  const prototype = btf?.prototype(name);
  const shown = offset > 0 ? `${name}+${offset}` : name;
  const choice =
    btf === undefined || prototype === undefined || offset > 0
      ? { all: registers(arch), find: namedAmong(shown, registers(arch)), numbered: register }
      : choiceOf(btf, shown, typed(btf, prototype.params));
  const { params, hidden } = returnOnly
    ? NOTHING
    : chosenArguments({ name: shown, paths: true, ...choice }, args, conditions);
  const result = args?.result ?? resultForm(btf, prototype?.returns);
  const untyped = offset > 0 ? undefined : whyUntyped(btf, prototype, around.facts);
  const fentry = untyped === undefined ? [fentryWay(name, target.module, prototype?.params.length ?? 0)] : [];
  const ways = offset > 0 ? [kprobeWay(name, offset)] : [...fentry, kprobeMultiWay(name), kprobeWay(name)];
  return {
    name: shown,
    params,
    hidden,
    result,
    failsByErrno: true,
    timed: offset === 0 && !returnOnly,
    prototype: btf?.formatPrototype(name),
    unfit: untyped === undefined ? [] : [{ via: "fentry", reason: untyped }],
    place: { params, hidden, result, memory: "kernel", returnOnly, ways },
  };
}

/** fentry and fexit have as many arguments as this on every kernel that has them, each of them one word. */
const MOST_TYPED = 6;

/** Why fentry cannot take it; undefined when it can. */
function whyUntyped(
  btf: Btf | undefined,
  prototype: Prototype | undefined,
  facts: KernelFacts,
): string | undefined {
  if (btf === undefined || prototype === undefined) return "its type is not known";
  if (prototype.variadic) return "has a variable number of arguments";
  const { params, returns } = prototype;
  if (params.length > MOST_TYPED) return `has more than ${MOST_TYPED} arguments`;
  const bad = params.find(({ type }) => !mayBeRead(btf, type, facts));
  if (bad !== undefined) return `its argument "${bad.name}" may not be read`;
  return returns === 0 || mayBeRead(btf, returns, facts) ? undefined : "its result may not be read";
}

/**
 * Whether the verifier lets a program read an argument of this type (btf_ctx_access, kernel/bpf/btf.c): one word, and of
 * pointers those to structs, letters and nothing; since Linux 5.17 those to numbers.
 */
function mayBeRead(btf: Btf, id: number, facts: KernelFacts): boolean {
  const type = btf.resolve(id);
  if (type.kind === "int" || type.kind === "enum" || type.kind === "enum64")
    return (btf.sizeOf(id) ?? 0) <= 8;
  if (type.kind !== "ptr") return false;
  const target = btf.resolve(type.type);
  if (target.kind === "int") return target.name === "char" || facts.isAtLeast(5, 17);
  return target.kind === "struct" || target.kind === "union" || target.kind === "void";
}

function resultForm(btf: Btf | undefined, returns: number | undefined): ValueForm | undefined {
  if (btf === undefined || returns === undefined) return plainWord;
  // What a pointer that was returned leads to is not looked at.
  const form = returns === 0 ? undefined : formOfType(btf, returns);
  return form !== undefined && leadsFurther(form) ? plainWord : form;
}

const NOTHING = { params: [], hidden: [] } as const;

function registers(arch: string): FunctionParam[] {
  return callRegisters(arch).functionArguments.map((_, index) => register(index + 1));
}

function register(number: number): FunctionParam {
  return { name: `arg${number}`, form: plainWord, index: number - 1 };
}

/** Arguments by number are called so, and shown by their types like others. */
function choiceOf(
  btf: Btf,
  name: string,
  all: readonly TypedParam[],
): Pick<Choice<FunctionParam>, "all" | "find" | "numbered"> {
  return {
    all,
    find: (text) => findMember(btf, name, all, text),
    numbered: (number) => ({
      ...register(number),
      form: all[number - 1]?.form ?? plainWord,
      index: all[number - 1]?.index ?? number - 1,
    }),
  };
}

/** The parameters and their registers; one of sixteen bytes takes two. */
function typed(btf: Btf, params: readonly { readonly name: string; readonly type: number }[]): TypedParam[] {
  let index = 0;
  return params.map(({ name, type }, i) => {
    const param = { name: name === "" ? `arg${i + 1}` : name, form: formOfType(btf, type), index, type };
    index += (btf.sizeOf(type) ?? 8) > 8 ? 2 : 1;
    return param;
  });
}
