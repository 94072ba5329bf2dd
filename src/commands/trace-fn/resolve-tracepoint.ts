/**
 * Tracepoints by their names. With tracefs they have the fields of their format files; without it the arguments that
 * BTF knows of the place in the kernel, whose categories nobody can check.
 */
import type { Btf } from "../../bpf/btf/btf";
import type { Hook } from "../../bpf/program-spec";
import { NotSupportedError } from "../../core/errors";
import { formOfType } from "../../probes/calls/btf-form";
import type { FunctionParam } from "../../probes/calls/function-calls";
import { findMember, isUnfound, type TypedParam } from "../../probes/calls/member-form";
import type { TracepointParam, TracepointSite } from "../../probes/calls/tracepoint-calls";
import { tracepointFields } from "../../probes/calls/tracepoint-format";
import { matcherOf } from "../../probes/targets/name-pattern";
import { nothingMatches, type TracepointTarget } from "../../probes/targets/target";
import { type Choice, chosenArguments, namedAmong } from "./chosen-arguments";
import type { Unnumbered, Wishes } from "./resolve";
import type { Surroundings } from "./surroundings";

export function tracepoints(
  target: TracepointTarget,
  around: Surroundings,
  wishes: Wishes,
): Unnumbered<TracepointSite>[] {
  const found = around.tracefs === undefined ? byBtf(target, around) : byFormat(target, around);
  return found.map(({ name, hook, ...choice }) =>
    site(name, {
      hook,
      ...chosenArguments({ name, paths: true, ...choice }, wishes.args, wishes.conditions),
    }),
  );
}

/** A tracepoint with all that it tells. */
interface Found extends Pick<Choice<TracepointParam>, "name" | "all" | "find"> {
  readonly hook: Hook;
}

function byFormat(target: TracepointTarget, around: Surroundings): Found[] {
  const ofCategory = matcherOf(target.category);
  const matches = matcherOf(target.pattern);
  const all = around
    .listTracefs("events")
    .filter(ofCategory)
    .flatMap((category) => around.listTracefs(`events/${category}`).map((event) => ({ category, event })));
  const found = all.flatMap(({ category, event }): Found[] => {
    const format = matches(event) ? around.readTracefs(`events/${category}/${event}/format`) : undefined;
    if (format === undefined) return [];
    const name = `${category}:${event}`;
    const fields = tracepointFields(format);
    return [{ name, hook: { kind: "tracepoint", name }, all: fields, find: namedAmong(name, fields) }];
  });
  if (found.length > 0) return found;
  throw nothingMatches(
    target,
    "tracepoint",
    all.map(({ event }) => event),
  );
}

const PREFIX = "btf_trace_";

function byBtf(target: TracepointTarget, { facts }: Surroundings): Found[] {
  const btf = facts.btf();
  if (btf === undefined)
    throw new NotSupportedError(`target "${target.text}": needs tracefs or the kernel's BTF`, {
      hint: "mount tracefs: sudo mount -t tracefs tracefs /sys/kernel/tracing",
    });
  const matches = matcherOf(target.pattern);
  const all = [...btf.all("typedef")].flatMap(({ name }) =>
    name.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : [],
  );
  const found = all.filter(matches);
  if (found.length === 0) throw nothingMatches(target, "tracepoint", all);
  return found.map((name): Found => {
    const params = paramsOf(btf, name);
    const find = (text: string) => {
      const param = findMember(btf, name, params, text);
      return isUnfound(param) ? param : placed(param);
    };
    return { name, hook: { kind: "btf-raw-tracepoint", name }, all: params.map(placed), find };
  });
}

function site(name: string, place: Omit<TracepointSite, "site">): Unnumbered<TracepointSite> {
  const { params, hidden } = place;
  return { name, params, hidden, result: undefined, failsByErrno: false, timed: false, place };
}

function paramsOf(btf: Btf, tracepoint: string): TypedParam[] {
  const params = btf.rawTracepoint(tracepoint)?.params ?? [];
  return params.map(({ name, type }, index) => ({
    name: name === "" ? `arg${index + 1}` : name,
    form: formOfType(btf, type),
    index,
    type,
  }));
}

/** A raw tracepoint's context holds its arguments, eight bytes each. */
function placed({ name, form, index, access }: FunctionParam): TracepointParam {
  return { name, form, access, place: { kind: "value", offset: 8 * index, size: 8 } };
}
