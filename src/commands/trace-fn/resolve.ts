/** From what the user wrote to the places in this machine's kernel and programs. */
import { UsageError } from "../../core/errors";
import { syscallParams, syscallResult } from "../../probes/calls/syscall-params";
import type { Param, ValueForm } from "../../probes/calls/value-form";
import { matcherOf } from "../../probes/targets/name-pattern";
import { nothingMatches, parseTarget, type SyscallTarget, type Target } from "../../probes/targets/target";
import { type Abi, syscallTable } from "../../symbols/syscalls";
import type { TraceSites } from "./probe";

/** What is known of a site before anything is loaded. */
export interface SiteName {
  readonly name: string;
  readonly params: readonly Param[];
  readonly result: ValueForm | undefined;
  readonly failsByErrno: boolean;
}

/** The sites, and how they are shown, by their numbers. */
export interface Resolved {
  readonly sites: TraceSites;
  readonly names: readonly SiteName[];
}

/** What of the machine is asked. */
export interface Surroundings {
  readonly abi: Abi;
  isModule(name: string): boolean;
}

/** Finds what the targets name. Throws a UsageError for one that names nothing. */
export function resolve(texts: readonly string[], around: Surroundings): Resolved {
  if (texts.length === 0)
    throw new UsageError("target: none given", {
      hint: 'for example "s:openat"; see bpfkit trace-fn --help',
    });
  const targets = texts.map((text) => parseTarget(text, around));
  const numbers = new Set(targets.flatMap((target) => syscallNumbers(target, around.abi)));
  const table = syscallTable(around.abi);
  const names = [...numbers]
    .sort((a, b) => a - b)
    .map((number) => ({ number, ...syscallName(table[number] as string, around.abi) }));
  return {
    sites: { syscalls: names.map(({ number, params }, site) => ({ site, number, params })) },
    names,
  };
}

function syscallName(name: string, abi: Abi): SiteName {
  return { name, params: syscallParams(name, abi), result: syscallResult(name), failsByErrno: true };
}

function syscallNumbers(target: Target, abi: Abi): number[] {
  if (target.kind !== "syscall") throw new UsageError(`target "${target.text}": is no system call`);
  const matches = matcherOf(target.pattern);
  const found = Object.entries(syscallTable(abi)).flatMap(([number, name]) =>
    matches(name) ? [Number(number)] : [],
  );
  if (found.length === 0)
    throw nothingMatches(target as SyscallTarget, "system call", Object.values(syscallTable(abi)));
  return found;
}
