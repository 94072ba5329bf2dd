/**
 * Tracepoints by their names. With tracefs they have the fields of their format files; without it the arguments that
 * BTF knows of the place in the kernel, whose categories nobody can check.
 */
import type { Btf } from "../../bpf/btf/btf";
import { NotSupportedError } from "../../core/errors";
import { formOfType } from "../../probes/calls/btf-form";
import type { TracepointParam, TracepointSite } from "../../probes/calls/tracepoint-calls";
import { tracepointFields } from "../../probes/calls/tracepoint-format";
import { matcherOf } from "../../probes/targets/name-pattern";
import { nothingMatches, type TracepointTarget } from "../../probes/targets/target";
import type { Unnumbered } from "./resolve";
import type { Surroundings } from "./surroundings";

export function tracepoints(target: TracepointTarget, around: Surroundings): Unnumbered<TracepointSite>[] {
  return around.tracefs === undefined ? byBtf(target, around) : byFormat(target, around);
}

function byFormat(target: TracepointTarget, around: Surroundings): Unnumbered<TracepointSite>[] {
  const ofCategory = matcherOf(target.category);
  const matches = matcherOf(target.pattern);
  const all = around
    .listTracefs("events")
    .filter(ofCategory)
    .flatMap((category) => around.listTracefs(`events/${category}`).map((event) => ({ category, event })));
  const found = all.flatMap(({ category, event }) => {
    const format = matches(event) ? around.readTracefs(`events/${category}/${event}/format`) : undefined;
    if (format === undefined) return [];
    const name = `${category}:${event}`;
    return [site(name, { hook: { kind: "tracepoint", name }, params: tracepointFields(format) })];
  });
  if (found.length > 0) return found;
  throw nothingMatches(
    target,
    "tracepoint",
    all.map(({ event }) => event),
  );
}

const PREFIX = "btf_trace_";

function byBtf(target: TracepointTarget, { facts }: Surroundings): Unnumbered<TracepointSite>[] {
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
  return found.map((name) =>
    site(name, { hook: { kind: "btf-raw-tracepoint", name }, params: paramsOf(btf, name) }),
  );
}

function site(name: string, place: Omit<TracepointSite, "site">): Unnumbered<TracepointSite> {
  return { name, params: place.params, result: undefined, failsByErrno: false, timed: false, place };
}

function paramsOf(btf: Btf, tracepoint: string): TracepointParam[] {
  const params = btf.rawTracepoint(tracepoint)?.params ?? [];
  return params.map(({ name, type }, i) => ({
    name: name === "" ? `arg${i + 1}` : name,
    form: formOfType(btf, type),
    // A raw tracepoint's context holds its arguments, eight bytes each.
    place: { kind: "value", offset: 8 * i, size: 8 },
  }));
}
