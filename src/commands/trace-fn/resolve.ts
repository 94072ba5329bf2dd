/** From what the user wrote to the places in this machine's kernel and programs. */
import { NotSupportedError, UsageError } from "../../core/errors";
import type { FunctionSite } from "../../probes/calls/function-calls";
import type { Unfit } from "../../probes/calls/function-ways";
import { withLengths } from "../../probes/calls/sockaddr";
import type { SyscallSite } from "../../probes/calls/syscall-calls";
import { syscallParams, syscallResult } from "../../probes/calls/syscall-params";
import type { TracepointSite } from "../../probes/calls/tracepoint-calls";
import type { Param, ValueForm } from "../../probes/calls/value-form";
import type { Filter } from "../../probes/conditions/condition";
import { matcherOf } from "../../probes/targets/name-pattern";
import { nothingMatches, parseTarget, type SyscallTarget } from "../../probes/targets/target";
import { type Abi, syscallTable } from "../../symbols/syscalls";
import type { ArgumentWishes } from "./argument-option";
import { chooseWays } from "./choose-ways";
import { chosenArguments, namedAmong } from "./chosen-arguments";
import type { TraceSites } from "./probe";
import { kernelFunctions } from "./resolve-kernel";
import { tracepoints } from "./resolve-tracepoint";
import { userFunctions } from "./resolve-user";
import type { Surroundings } from "./surroundings";

/** What is known of a site before anything is loaded. */
export interface SiteName {
  readonly name: string;
  readonly params: readonly Param[];
  /** What conditions ask for and nobody sees. */
  readonly hidden: readonly Param[];
  readonly result: ValueForm | undefined;
  readonly failsByErrno: boolean;
  /** Whether its calls can be followed to their end. */
  readonly timed: boolean;
  /** As C writes it, where somebody knows. */
  readonly prototype?: string | undefined;
  /** Ways that it is not reached by. */
  readonly unfit?: readonly Unfit[];
}

/** A site without its number. */
export type Unnumbered<S> = SiteName & { readonly place: Omit<S, "site"> };

/** A function that was meant and cannot be traced. */
export interface Skipped {
  readonly name: string;
  readonly reason: string;
  /** Because of what this kernel lacks. */
  readonly unsupported?: boolean;
}

/** The sites, how they are shown, by their numbers, and what was left out. */
export interface Resolved {
  readonly sites: TraceSites;
  readonly names: readonly SiteName[];
  readonly skipped: readonly Skipped[];
  /** Whether system calls are to be followed to their end whatever the options say. */
  readonly waits: boolean;
}

/** What decides which functions are meant and what is shown of them. */
export interface Wishes {
  readonly args: ArgumentWishes | undefined;
  /** What is asked of calls, whose names may be of arguments that are not shown. */
  readonly conditions: readonly Filter[];
  /** Whose files and program, where one process is traced. */
  readonly pid: number | undefined;
  /** COMMAND's program. */
  readonly program: string | undefined;
  /** Nothing is traced, only shown. */
  readonly listing: boolean;
  /** Calls are followed to their end. */
  readonly paired: boolean;
  /** Which calls contain which is asked. */
  readonly nested: boolean;
}

/** Finds what the targets name. Throws a UsageError for one that names nothing, and where nothing is left. */
export function resolve(texts: readonly string[], around: Surroundings, wishes: Wishes): Resolved {
  if (texts.length === 0)
    throw new UsageError("target: none given", {
      hint: 'for example "s:openat"; see bpfkit trace-fn --help',
    });
  const skipped: Skipped[] = [];
  const syscalls: Unnumbered<SyscallSite>[] = [];
  const points: Unnumbered<TracepointSite>[] = [];
  const candidates: Unnumbered<FunctionSite>[] = [];
  const targets = texts.map((text) => parseTarget(text, around));
  for (const target of targets) {
    if (target.kind === "syscall") syscalls.push(...systemCalls(target, around.abi, wishes));
    else if (target.kind === "tracepoint") points.push(...tracepoints(target, around, wishes));
    else if (target.kind === "user") candidates.push(...userFunctions(target, around, wishes, skipped));
    else candidates.push(...kernelFunctions(target, around, wishes, skipped));
  }
  const calls = unique(syscalls, ({ place }) => place.number).sort((a, b) => a.place.number - b.place.number);
  const distinct = unique(candidates, ({ place: { ways, returnOnly } }) =>
    JSON.stringify([ways.at(-1)?.entry, returnOnly]),
  );
  const functions = chooseWays(distinct, around.reach, wishes, skipped);
  const names = [...calls, ...points, ...functions];
  if (names.length === 0 && !wishes.listing) throw nothingLeft(skipped);
  if (functions.length > MOST_FUNCTIONS && !wishes.listing) throw tooMany(functions.length);
  const numbered = <S>(all: readonly Unnumbered<S>[], first: number) =>
    all.map(({ place }, i) => ({ ...place, site: first + i }) as S);
  return {
    sites: {
      syscalls: numbered(calls, 0),
      tracepoints: numbered(points, calls.length),
      functions: numbered(functions, calls.length + points.length),
    },
    names,
    skipped,
    waits: targets.some(({ kind, returnOnly }) => kind === "syscall" && returnOnly),
  };
}

function unique<T>(all: readonly T[], keyOf: (one: T) => unknown): T[] {
  return [...new Map(all.map((one) => [keyOf(one), one])).values()];
}

/** Each takes programs of its own and a place in the kernel's code. */
const MOST_FUNCTIONS = 2000;

function tooMany(count: number): Error {
  return new UsageError(`target: ${count} functions match, at most ${MOST_FUNCTIONS} are traced at once`, {
    hint: "narrow the pattern; --list shows what matches",
  });
}

function nothingLeft(skipped: readonly Skipped[]): Error {
  const [{ name, reason, unsupported } = { name: "", reason: "", unsupported: false }] = skipped;
  const message = `target: nothing is left to trace: "${name}" ${reason}`;
  if (unsupported)
    return new NotSupportedError(message, { hint: '"bpfkit doctor" tells what this kernel has' });
  return new UsageError(message);
}

function systemCalls(target: SyscallTarget, abi: Abi, wishes: Wishes): Unnumbered<SyscallSite>[] {
  const matches = matcherOf(target.pattern);
  const all = Object.entries(syscallTable(abi));
  const found = all.filter(([, name]) => matches(name));
  if (found.length === 0)
    throw nothingMatches(
      target,
      "system call",
      all.map(([, name]) => name),
    );
  return found.map(([number, name]) => {
    const all = syscallParams(name, abi).map((param, index) => ({ ...param, index }));
    const choice = { name, all: target.returnOnly ? [] : all, find: namedAmong(name, all), paths: false };
    const chosen = chosenArguments(choice, wishes.args, wishes.conditions);
    const params = withLengths(chosen.params);
    const { hidden } = chosen;
    const result = syscallResult(name);
    const shown = { name, params, hidden, result, failsByErrno: true, timed: true };
    return { ...shown, place: { number: Number(number), params, hidden, result } };
  });
}
