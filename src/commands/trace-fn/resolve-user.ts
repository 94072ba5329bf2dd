/** Functions of programs and libraries by their names. */
import { basename } from "node:path";
import type { FunctionParam, FunctionSite } from "../../probes/calls/function-calls";
import { uprobeMultiWay, uprobeWay } from "../../probes/calls/function-ways";
import type { Unfound } from "../../probes/calls/member-form";
import { callRegisters } from "../../probes/calls/registers";
import { plainWord } from "../../probes/calls/value-form";
import { expressionOf } from "../../probes/targets/name-pattern";
import { nothingMatches, type UserTarget } from "../../probes/targets/target";
import { type FunctionPlace, TargetFile } from "../../symbols/resolve-function";
import { chosenArguments } from "./chosen-arguments";
import type { Skipped, Unnumbered, Wishes } from "./resolve";
import type { Surroundings } from "./surroundings";

/** Throws a UsageError where the file has no such function; those that cannot be traced go to `skipped`. */
export function userFunctions(
  target: UserTarget,
  around: Surroundings,
  wishes: Wishes,
  skipped: Skipped[],
): Unnumbered<FunctionSite>[] {
  const { pid, program } = wishes;
  const where = pid === undefined ? {} : { pid };
  using file = TargetFile.open(target.file ?? (pid === undefined ? (program ?? "") : ""), where);
  const found = placesIn(file, target);
  const scope = target.file === undefined ? "" : `${basename(target.file)}:`;
  const traceable = found.filter(({ indirect, name }) => {
    if (indirect)
      skipped.push({ name: scope + name, reason: "is chosen when the program starts (an IFUNC)" });
    return !indirect;
  });
  const registers = target.offset > 0 || !target.returnOnly ? registersOf(around) : [];
  return traceable.map((place) => functionSite(scope, place, file.path, target, registers, wishes));
}

/** The functions meant, each place once: of several names the shortest is the one people know. */
function placesIn(file: TargetFile, target: UserTarget): FunctionPlace[] {
  const { pattern } = target;
  if (pattern.kind === "exact") return file.functionsNamed(pattern.text);
  const all = [...file.functionsMatching(expressionOf(pattern))];
  if (all.length === 0) throw nothingMatches(target, `function of "${file.shownPath}"`, []);
  const byOffset = new Map<number, FunctionPlace>();
  for (const place of all) {
    const known = byOffset.get(place.offset);
    if (known === undefined || place.name.length < known.name.length) byOffset.set(place.offset, place);
  }
  return [...byOffset.values()];
}

function functionSite(
  scope: string,
  { name, offset }: FunctionPlace,
  path: string,
  target: UserTarget,
  registers: readonly FunctionParam[],
  { args, conditions, pid }: Wishes,
): Unnumbered<FunctionSite> {
  const shown = scope + name + (target.offset > 0 ? `+${target.offset}` : "");
  const result = args?.result ?? plainWord;
  const { params, hidden } =
    registers.length === 0
      ? NOTHING
      : chosenArguments({ name: shown, all: registers, find, numbered, paths: false }, args, conditions);
  const place = { name, path, offset: offset + target.offset, pid };
  const inside = target.offset > 0;
  return {
    name: shown,
    params,
    hidden,
    result,
    failsByErrno: false,
    timed: !inside && !target.returnOnly,
    // Nobody knows the types of a program's functions.
    prototype: args === undefined ? "" : undefined,
    place: {
      params,
      hidden,
      result,
      memory: "user",
      ways: [uprobeMultiWay(place, inside), uprobeWay(place, inside)],
      returnOnly: target.returnOnly,
    },
  };
}

const NOTHING = { params: [], hidden: [] } as const;

/** The registers that arguments are passed in. */
function registersOf({ facts }: Surroundings): readonly FunctionParam[] {
  return callRegisters(facts.arch).functionArguments.map((_, index) => numbered(index + 1));
}

function numbered(number: number): FunctionParam {
  return { name: `arg${number}`, form: plainWord, index: number - 1 };
}

/** Names that people gave to arguments are in what is shown. */
function find(text: string): FunctionParam | Unfound {
  const [, number] = /^arg(\d{1,2})$/.exec(text) ?? [];
  if (number !== undefined && Number(number) > 0) return numbered(Number(number));
  return {
    fact: "nobody knows the names of arguments",
    at: 0,
    hint: "arguments of a program's functions have numbers: 1:str, size=2:u64",
  };
}
