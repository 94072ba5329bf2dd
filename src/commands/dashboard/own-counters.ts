/** From the names of counters of the user's own to the places of this machine where they count. */
import type { Kernel } from "../../bpf/kernel";
import { NotSupportedError, UsageError } from "../../core/errors";
import { didYouMean } from "../../core/suggest";
import { leadsFurther } from "../../probes/calls/value-form";
import type { EventSite } from "../../probes/targets/event-site";
import type { Target, TracepointTarget } from "../../probes/targets/target";
import { type EventSurroundings, eventSites } from "../event-sites";
import type { Selection } from "./selection";
import { allNames } from "./selection";
import type { OwnCounter, OwnPlace } from "./slots";
import { fieldOf } from "./tracepoint-field";

/** What there is besides the targets. */
export interface OwnSurroundings extends Omit<EventSurroundings, "option"> {
  /** Adds up this field or argument of all of them. */
  readonly sum: string | undefined;
  /** For the fields of tracepoints: opened only where they are wanted. */
  openKernel(): Kernel;
}

/** The counters that `--events` names and the list has not. Throws a UsageError for one that names nothing. */
export function ownCounters({ own }: Pick<Selection, "own">, around: OwnSurroundings): OwnCounter[] {
  return [...own].map(([name, target]) => ({ name, places: placesOf(name, target, around) }));
}

function placesOf(name: string, target: Target, around: OwnSurroundings): OwnPlace[] {
  if (target.kind === "tracepoint") return [tracepointPlace(target, around)];
  const { sum } = around;
  const sites = sitesOf(name, target, around);
  return sites.map((site) =>
    sum === undefined ? { site } : { site, argument: argumentOf(name, site, sum) },
  );
}

function tracepointPlace(
  { category, pattern }: TracepointTarget,
  { sum, openKernel }: OwnSurroundings,
): OwnPlace {
  const tracepoint = `${category.text}:${pattern.text}`;
  return sum === undefined
    ? { tracepoint }
    : { tracepoint, field: fieldOf(openKernel().sys, tracepoint, sum) };
}

function sitesOf(name: string, target: Target, around: OwnSurroundings): EventSite[] {
  try {
    return eventSites(target, { ...around, option: "events" });
  } catch (error) {
    const hint = target.kind === "kernel" ? didYouMean(name, allNames) : undefined;
    if (hint === undefined || error instanceof NotSupportedError) throw error;
    throw new UsageError(`events: "${name}" is neither a counter nor a function of the kernel`, {
      hint,
      cause: error,
    });
  }
}

/** Where the argument stands among those of the site. */
function argumentOf(name: string, { params }: EventSite, sum: string): number {
  const at = params.findIndex((param) => param.name === sum);
  const form = params[at]?.form;
  if (form !== undefined && !leadsFurther(form)) return at;
  const numbers = params.filter((param) => !leadsFurther(param.form)).map((param) => param.name);
  throw new UsageError(`sum: "${name}" has no number "${sum}"`, {
    hint: didYouMean(sum, numbers) ?? (numbers.length > 0 ? `it has ${numbers.join(", ")}` : "it has none"),
  });
}
