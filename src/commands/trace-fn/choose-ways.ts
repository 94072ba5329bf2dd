/** Which of the ways to reach a function are taken, in which order, and why not the others. Pure. */
import type { FunctionSite } from "../../probes/calls/function-calls";
import { type FunctionVia, type FunctionWay, kernelVias, type Unfit } from "../../probes/calls/function-ways";
import type { Skipped, Unnumbered } from "./resolve";

/** What is to be known of the kernel and of the wishes. */
export interface Reach {
  /** The way asked for; it concerns functions of its kind only. */
  readonly forced: FunctionVia | undefined;
  /** Why this kernel cannot reach functions so; undefined when it can. */
  lacks(via: FunctionVia, use: Use): string | undefined;
}

/** What a way is to be used for. */
export interface Use {
  /** Calls are followed to their end. */
  readonly paired: boolean;
  /** Where calls lie on the stack tells which contain which. */
  readonly nested: boolean;
  /** In one process only. */
  readonly pid: number | undefined;
}

/** So many are quickly attached one by one. */
const FEW = 16;

/** Keeps of each function the ways that are taken; what none is left of goes to `skipped`. */
export function chooseWays(
  functions: readonly Unnumbered<FunctionSite>[],
  { forced, lacks }: Reach,
  use: Use,
  skipped: Skipped[],
): Unnumbered<FunctionSite>[] {
  const ofKernel = functions.filter(({ place }) => place.memory === "kernel");
  const isMany = ofKernel.length > FEW && lacks("kprobe-multi", use) === undefined;
  const others = { many: isMany, nested: use.nested && lacks("kprobe", use) === undefined };
  return functions.flatMap((each) => {
    const { name, place, unfit: unfitByNature = [] } = each;
    const unfit: Unfit[] = [...unfitByNature];
    const ways = wanted(place, forced).filter(({ via }) => {
      const reason = lacks(via, use) ?? (forced === undefined ? whyNotBest(via, others) : undefined);
      if (reason !== undefined) unfit.push({ via, reason });
      return reason === undefined;
    });
    if (ways.length > 0) return [{ ...each, unfit, place: { ...place, ways } }];
    const concerned = unfit.filter(
      ({ via }) => forced === undefined || via === forced || !isKernelVia(forced),
    );
    const reason = concerned.map((one) => `${one.via}: ${one.reason}`).join("; ");
    skipped.push({ name, reason: reason || `cannot be reached by ${forced}`, unsupported: true });
    return [];
  });
}

/** Why fentry is passed over for what is there beside it. */
function whyNotBest(via: FunctionVia, { many, nested }: { many: boolean; nested: boolean }) {
  if (via !== "fentry") return undefined;
  if (many) return "takes long for so many functions";
  // Its programs know frames by their distance from something else than those of kprobes do.
  return nested ? "tells nothing of calls that other mechanisms reach" : undefined;
}

/** The one asked for, where it is one of this kind of function; otherwise all. */
function wanted(
  { ways, memory }: Pick<FunctionSite, "ways" | "memory">,
  forced: FunctionVia | undefined,
): readonly FunctionWay[] {
  if (forced === undefined || isKernelVia(forced) !== (memory === "kernel")) return ways;
  return ways.filter(({ via }) => via === forced);
}

function isKernelVia(via: FunctionVia): boolean {
  return (kernelVias as readonly FunctionVia[]).includes(via);
}
