/** From a target to the places of this machine's kernel and programs that are looked at when they are entered. */
import { readFileSync } from "node:fs";
import type { KernelFacts } from "../bpf/facts";
import { features } from "../bpf/features";
import type { Kernel } from "../bpf/kernel";
import type { Hook } from "../bpf/program-spec";
import { UsageError } from "../core/errors";
import { didYouMean } from "../core/suggest";
import { formOfType } from "../probes/calls/btf-form";
import { syscallParams } from "../probes/calls/syscall-params";
import { type Param, plainWord } from "../probes/calls/value-form";
import { type EventSite, MOST_ARGUMENTS } from "../probes/targets/event-site";
import { kernelFunctionNames } from "../probes/targets/kernel-function-names";
import { expressionOf, matcherOf } from "../probes/targets/name-pattern";
import {
  type KernelTarget,
  nothingMatches,
  parseTarget,
  type SyscallTarget,
  type Target,
  type TracepointTarget,
  type UserTarget,
} from "../probes/targets/target";
import { readKallsyms } from "../symbols/kallsyms";
import { type FunctionPlace, TargetFile } from "../symbols/resolve-function";
import { nativeAbi, syscallTable } from "../symbols/syscalls";

/** More places than this are not meant: each has a program of its own. */
const MOST_SITES = 32;

export interface EventSurroundings {
  /** The option that names the target, for messages. */
  readonly option: string;
  readonly facts: KernelFacts;
  /** Undefined where nothing is loaded: then the cheapest way is shown. */
  readonly kernel: Kernel | undefined;
  /** Whose program and libraries are meant. */
  readonly pid: number | undefined;
}

/** Understands a target that is looked at when it is entered. Throws a UsageError. */
export function parseEventTarget(text: string, option: string): Target {
  const target = parseTarget(text, { isModule });
  if (target.returnOnly)
    throw new UsageError(`${option}: "${text}": it is the entry that is looked at, not the return`, {
      hint: `use "${text.slice(2)}"`,
    });
  return target;
}

/** The places that a target names. Throws a UsageError where there are none, or too many. */
export function eventSites(target: Target, around: EventSurroundings): EventSite[] {
  const sites = sitesOf(target, around);
  if (sites.length > MOST_SITES)
    throw new UsageError(
      `${around.option}: "${target.text}" means ${sites.length} places, more than ${MOST_SITES}`,
    );
  return sites;
}

function isModule(name: string): boolean {
  try {
    return readFileSync("/proc/modules", "utf8")
      .split("\n")
      .some((line) => line.split(" ", 1)[0] === name && name !== "");
  } catch {
    return false;
  }
}

function sitesOf(target: Target, around: EventSurroundings): EventSite[] {
  switch (target.kind) {
    case "syscall":
      return [systemCalls(target, around)];
    case "tracepoint":
      return [tracepoint(target, around)];
    case "kernel":
      return kernelFunctions(target, around);
    case "user":
      return userFunctions(target, around);
  }
}

function systemCalls(target: SyscallTarget, { facts }: EventSurroundings): EventSite {
  const matches = matcherOf(target.pattern);
  const abi = nativeAbi(facts.arch);
  const table = Object.entries(syscallTable(abi));
  const found = table.filter(([, name]) => matches(name));
  const [numbers, names] = [found.map(([number]) => Number(number)), found.map(([, name]) => name)];
  if (numbers.length === 0)
    throw nothingMatches(
      target,
      "system call",
      table.map(([, name]) => name),
    );
  return {
    hook: { kind: "btf-raw-tracepoint", name: "sys_enter" },
    arguments: "syscall",
    syscalls: numbers,
    params: commonParams(names.map((name) => syscallParams(name, abi))),
  };
}

/** Registers by their numbers, from 1. */
const registers: readonly Param[] = Array.from({ length: MOST_ARGUMENTS }, (_, i) => ({
  name: `arg${i + 1}`,
  form: plainWord,
}));

/** What all of these have at the same place; registers for the rest. */
function commonParams(all: readonly (readonly Param[])[]): Param[] {
  return registers.slice(0, Math.max(...all.map(({ length }) => length))).map((register, i) => {
    const param = all[0]?.[i];
    return param !== undefined && all.every((params) => params[i]?.name === param.name) ? param : register;
  });
}

/** By its event alone: that is its name among raw tracepoints, which need no tracefs. */
function tracepoint(target: TracepointTarget, { facts, option }: EventSurroundings): EventSite {
  const { category, pattern, text } = target;
  if (category.kind !== "exact" || pattern.kind !== "exact")
    throw new UsageError(`${option}: "${text}": one tracepoint by its full name`);
  if (category.text === "syscalls")
    throw new UsageError(`${option}: "${text}": system calls have no tracepoints of their own`, {
      hint: `use "${pattern.text.replace(/^sys_(?:enter|exit)_/, "s:")}"`,
    });
  const name = pattern.text;
  const btf = facts.btf();
  if (btf !== undefined && btf.rawTracepoint(name) === undefined) {
    const known = [...btf.all("typedef")].flatMap((type) => /^btf_trace_(.+)/.exec(type.name)?.[1] ?? []);
    throw new UsageError(`${option}: no tracepoint "${name}"`, { hint: didYouMean(name, known) });
  }
  return { hook: { kind: "raw-tracepoint", name }, arguments: "words", params: registers };
}

function kernelFunctions(target: KernelTarget, { facts, kernel }: EventSurroundings): EventSite[] {
  const { module, offset } = target;
  const names = kernelFunctionNames(target, { btf: facts.btf(), kallsyms: readKallsyms });
  const byTrampoline = kernel === undefined || features(kernel).state("fentry") === "available";
  return names.map((name): EventSite => {
    const params = offset === 0 && module === undefined ? kernelParams(name, facts) : undefined;
    if (byTrampoline && params !== undefined)
      return { hook: { kind: "fentry", name }, arguments: "words", params };
    const hook: Hook = { kind: "kprobe", name, offset };
    const entered = offset === 0 ? "kernel" : undefined;
    return { hook, arguments: "registers", entered, params: params ?? registers };
  });
}

/** By BTF; undefined where it does not know the function. One that takes two registers ends what can be told apart. */
function kernelParams(name: string, { btf }: KernelFacts): Param[] | undefined {
  const types = btf();
  const params = types?.prototype(name)?.params;
  if (types === undefined || params === undefined) return undefined;
  const wide = params.findIndex(({ type }) => (types.sizeOf(type) ?? 8) > 8);
  return params
    .slice(0, wide < 0 ? MOST_ARGUMENTS : Math.min(wide, MOST_ARGUMENTS))
    .map((param, i) => ({ name: param.name || `arg${i + 1}`, form: formOfType(types, param.type) }));
}

function userFunctions(target: UserTarget, { pid, option }: EventSurroundings): EventSite[] {
  const { file, offset } = target;
  if (file === undefined && pid === undefined)
    throw new UsageError(`${option}: "${target.text}": of which program?`, {
      hint: "name the file, or use -p",
    });
  using opened = TargetFile.open(file ?? "", pid === undefined ? {} : { pid });
  const all = placesIn(opened, target);
  const places = all.filter(({ indirect }) => !indirect);
  // Where a name is asked for, its other versions are not what is meant.
  if (places.length === 0 || (target.pattern.kind === "exact" && places.length < all.length))
    throw new UsageError(`${option}: "${target.text}" is chosen when the program starts (an IFUNC)`, {
      hint: "count the function that is chosen; a pattern shows what there is: bpfkit trace-fn --list",
    });
  return places.map((place) => ({
    hook: { kind: "uprobe", name: place.name, path: opened.path, offset: place.offset + offset, pid },
    arguments: "registers",
    entered: offset === 0 ? "user" : undefined,
    params: registers,
  }));
}

/** Each place once: a function may have several names. */
function placesIn(file: TargetFile, target: UserTarget): FunctionPlace[] {
  const { pattern } = target;
  const found =
    pattern.kind === "exact"
      ? file.functionsNamed(pattern.text)
      : [...file.functionsMatching(expressionOf(pattern))];
  if (found.length === 0) throw nothingMatches(target, `function of "${file.shownPath}"`, []);
  return [...new Map(found.map((place) => [place.offset, place])).values()];
}
