/** From `--on TARGET` to the places of this machine's kernel and programs where stacks are taken. */
import { readFileSync } from "node:fs";
import type { KernelFacts } from "../../bpf/facts";
import { features } from "../../bpf/features";
import type { Kernel } from "../../bpf/kernel";
import type { Hook } from "../../bpf/program-spec";
import { UsageError } from "../../core/errors";
import { didYouMean } from "../../core/suggest";
import { matcherOf } from "../../probes/targets/name-pattern";
import {
  type KernelTarget,
  nothingMatches,
  parseTarget,
  type SyscallTarget,
  type Target,
  type TracepointTarget,
  type UserTarget,
} from "../../probes/targets/target";
import { readKallsyms } from "../../symbols/kallsyms";
import { TargetFile } from "../../symbols/resolve-function";
import { nativeAbi, syscallTable } from "../../symbols/syscalls";
import type { EventSite } from "./event-program";

/** More places than this are not meant: each has a program of its own. */
const MOST_SITES = 32;

export interface EventSurroundings {
  readonly facts: KernelFacts;
  /** Undefined where nothing is loaded: then the cheapest way is shown. */
  readonly kernel: Kernel | undefined;
  /** Whose program and libraries are meant. */
  readonly pid: number | undefined;
}

/** The places that a target names. Throws a UsageError where there are none, or too many. */
export function eventSites(text: string, around: EventSurroundings): EventSite[] {
  const target = parseTarget(text, { isModule });
  if (target.returnOnly)
    throw new UsageError(`on: "${text}": stacks are taken where a function is entered`, {
      hint: `use "${text.slice(2)}"`,
    });
  const sites = sitesOf(target, around);
  if (sites.length > MOST_SITES)
    throw new UsageError(`on: "${text}" means ${sites.length} places, more than ${MOST_SITES}`);
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
  const table = Object.entries(syscallTable(nativeAbi(facts.arch)));
  const numbers = table.filter(([, name]) => matches(name)).map(([number]) => Number(number));
  if (numbers.length === 0)
    throw nothingMatches(
      target,
      "system call",
      table.map(([, name]) => name),
    );
  return { hook: { kind: "btf-raw-tracepoint", name: "sys_enter" }, arguments: "syscall", syscalls: numbers };
}

/** Padding before functions, which is no function. */
const PADDING = /^__pfx_|^__cfi_/;

/** By its event alone: that is its name among raw tracepoints, which need no tracefs. */
function tracepoint(target: TracepointTarget, { facts }: EventSurroundings): EventSite {
  const { category, pattern, text } = target;
  if (category.kind !== "exact" || pattern.kind !== "exact")
    throw new UsageError(`on: "${text}": one tracepoint by its full name`);
  if (category.text === "syscalls")
    throw new UsageError(`on: "${text}": system calls have no tracepoints of their own`, {
      hint: `use "${pattern.text.replace(/^sys_(?:enter|exit)_/, "s:")}"`,
    });
  const name = pattern.text;
  const btf = facts.btf();
  if (btf !== undefined && btf.rawTracepoint(name) === undefined) {
    const known = [...btf.all("typedef")].flatMap((type) => /^btf_trace_(.+)/.exec(type.name)?.[1] ?? []);
    throw new UsageError(`on: no tracepoint "${name}"`, { hint: didYouMean(name, known) });
  }
  return { hook: { kind: "raw-tracepoint", name }, arguments: "words" };
}

function kernelFunctions(target: KernelTarget, { facts, kernel }: EventSurroundings): EventSite[] {
  const { pattern, module, offset } = target;
  const matches = matcherOf(pattern);
  const symbols = readKallsyms();
  const names = new Set<string>();
  for (const found of symbols.functions())
    if (matches(found.name) && !PADDING.test(found.name) && (module === undefined || found.module === module))
      names.add(found.name);
  if (names.size === 0) {
    const known = function* () {
      for (const { name } of symbols.functions()) yield name;
    };
    throw nothingMatches(target, "function of the kernel", known());
  }
  const isTyped = (name: string) => facts.btf()?.prototype(name) !== undefined;
  const byTrampoline = kernel === undefined || features(kernel).state("fentry") === "available";
  return [...names].map((name): EventSite => {
    if (byTrampoline && offset === 0 && module === undefined && isTyped(name))
      return { hook: { kind: "fentry", name }, arguments: "words" };
    return { hook: { kind: "kprobe", name, offset } satisfies Hook, arguments: "registers" };
  });
}

function userFunctions(target: UserTarget, { pid }: EventSurroundings): EventSite[] {
  const { pattern, file, offset } = target;
  if (file === undefined && pid === undefined)
    throw new UsageError(`on: "${target.text}": of which program?`, { hint: "name the file, or use -p" });
  using opened = TargetFile.open(file ?? "", pid === undefined ? {} : { pid });
  const matches = matcherOf(pattern);
  const places =
    pattern.kind === "exact"
      ? opened.functionsNamed(pattern.text)
      : [...opened.functionsMatching()].filter(({ name }) => matches(name));
  if (places.length === 0) throw nothingMatches(target, "function of the file", []);
  return places.map((place) => ({
    hook: { kind: "uprobe", name: place.name, path: opened.path, offset: place.offset + offset, pid },
    arguments: "registers",
  }));
}
