/** Which counters are asked for: those of the list, and tracepoints and functions of the user's own. */
import type { KernelFacts } from "../../bpf/facts";
import { NotSupportedError, UsageError } from "../../core/errors";
import type { Target } from "../../probes/targets/target";
import { parseEventTarget } from "../event-sites";
import { type CounterName, counterNames, counters, type Unit, unclosed } from "./counters";
import { unavailable } from "./probe";

/** What `--events` says. */
export interface Selection {
  /** The rows, in order. */
  readonly shown: readonly string[];
  /** Those of the user's own, by their names as written. */
  readonly own: ReadonlyMap<string, Target>;
}

/** Everything that can be named. */
export const allNames: readonly string[] = counterNames.flatMap((name) =>
  name === unclosed.minus ? [name, unclosed.name] : [name],
);

/** Understands `opens,closes,t:sched:sched_wakeup,libc:malloc`. Throws a UsageError. */
export function parseEvents(text: string): Selection {
  const shown: string[] = [];
  const own = new Map<string, Target>();
  for (const part of text.split(",").map((each) => each.trim())) {
    if (shown.includes(part)) throw new UsageError(`events: "${part}" is there twice`);
    if (!allNames.includes(part)) own.set(part, ownTarget(part));
    shown.push(part);
  }
  return { shown, own };
}

function ownTarget(text: string): Target {
  const target = parseEventTarget(text, "events");
  const isPattern =
    target.kind === "tracepoint" && [target.category, target.pattern].some(({ kind }) => kind !== "exact");
  if (isPattern)
    throw new UsageError(`events: "${text}" is a pattern`, { hint: "name one tracepoint for each counter" });
  return target;
}

/** What is shown and counted, once it is known what this kernel has. */
export interface Plan {
  readonly shown: readonly string[];
  readonly counted: readonly CounterName[];
  /** Counters left out of the default list, with the reason. */
  readonly missing: readonly (readonly [name: string, reason: string])[];
}

/** What to count. Throws a NotSupportedError for a counter that was asked for and cannot be had. */
export function plan(selection: Selection | undefined, facts: KernelFacts): Plan {
  const wanted = selection?.shown ?? allNames;
  const reasons = new Map(
    wanted.flatMap((name) => {
      const reason = countersOf(name)
        .map((one) => unavailable(one, facts))
        .find((text) => text !== undefined);
      return reason === undefined ? [] : [[name, reason] as const];
    }),
  );
  const [refused] = reasons;
  if (selection !== undefined && refused !== undefined)
    throw new NotSupportedError(`counter "${refused[0]}": ${refused[1]}`);
  const shown = wanted.filter((name) => !reasons.has(name));
  const needed = new Set(shown.flatMap(countersOf));
  return { shown, counted: counterNames.filter((name) => needed.has(name)), missing: [...reasons] };
}

/** The counters that a row is made of. */
function countersOf(name: string): CounterName[] {
  if (name === unclosed.name) return [unclosed.plus, unclosed.minus];
  return Object.hasOwn(counters, name) ? [name as CounterName] : [];
}

/** The unit of a row; a field or an argument has none that is known. */
export function unitOf(name: string, summed: boolean): Unit | "" {
  if (Object.hasOwn(counters, name)) return counters[name as CounterName].unit;
  return name === unclosed.name || !summed ? "events" : "";
}
