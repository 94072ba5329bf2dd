/** Functions of programs and libraries by their names. */
import { basename } from "node:path";
import type { FunctionParam, FunctionSite } from "../../probes/calls/function-calls";
import { uprobeMultiWay, uprobeWay } from "../../probes/calls/function-ways";
import { callRegisters } from "../../probes/calls/registers";
import { plainWord } from "../../probes/calls/value-form";
import { expressionOf } from "../../probes/targets/name-pattern";
import { nothingMatches, type UserTarget } from "../../probes/targets/target";
import { type FunctionPlace, TargetFile } from "../../symbols/resolve-function";
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
  const params = target.offset > 0 || !target.returnOnly ? paramsOf(around, wishes) : [];
  return traceable.map((place) => functionSite(scope, place, file.path, target, params, wishes));
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
  params: readonly FunctionParam[],
  { args, pid }: Wishes,
): Unnumbered<FunctionSite> {
  const shown = scope + name + (target.offset > 0 ? `+${target.offset}` : "");
  const result = args?.result ?? plainWord;
  const place = { name, path, offset: offset + target.offset, pid };
  const inside = target.offset > 0;
  return {
    name: shown,
    params,
    result,
    failsByErrno: false,
    timed: !inside && !target.returnOnly,
    // Nobody knows the types of a program's functions.
    prototype: args === undefined ? "" : undefined,
    place: {
      params,
      result,
      memory: "user",
      ways: [uprobeMultiWay(place, inside), uprobeWay(place, inside)],
      returnOnly: target.returnOnly,
    },
  };
}

/** What was asked for, or the registers that arguments are passed in. */
function paramsOf({ facts }: Surroundings, { args }: Wishes): readonly FunctionParam[] {
  if (args !== undefined && args.params.length > 0) return args.params;
  return callRegisters(facts.arch).functionArguments.map((_, index) => ({
    name: `arg${index + 1}`,
    form: plainWord,
    index,
  }));
}
