/**
 * Attaches programs to functions, unit by unit, while signals have their turn. What the kernel refuses is tried by the
 * next way, and left out when there is none: that is said, and the others are traced.
 */
import type { Session } from "../../bpf/session";
import { errno } from "../../core/errno";
import { messageOf, NotSupportedError, SyscallError, VerifierError } from "../../core/errors";
import { NS_PER } from "../../core/units";
import type { FunctionSite } from "../../probes/calls/function-calls";
import type { FunctionUnit } from "../../probes/calls/function-units";
import type { Context } from "../context";
import type { TraceProbe } from "./probe";
import type { SiteName } from "./resolve";

/** How long to go on without letting signals have their turn. */
const TURN_NS = BigInt(20 * NS_PER.ms);
/** Who waits longer than this wants to know for what; and again after as long. */
const PATIENCE_NS = BigInt(NS_PER.s);
const TOLD = 3;

/**
 * Returns false when the run was ended meanwhile. Throws the first refusal where nothing is left to trace, and what has
 * nothing to do with the functions, such as missing rights.
 */
export async function attachFunctions(
  context: Context,
  session: Session,
  { functions, functionsOnly }: TraceProbe,
  names: readonly SiteName[],
): Promise<boolean> {
  const { clock, signal } = context;
  const waiting = [...functions.units];
  const total = countOf(waiting);
  const refused = new Map<FunctionSite, unknown>();
  let attached = 0;
  let turnAt = clock.monotonicNs() + TURN_NS;
  let tellAt = clock.monotonicNs() + PATIENCE_NS;
  for (let unit = waiting.shift(); unit !== undefined; unit = waiting.shift()) {
    if (signal.aborted) return false;
    try {
      session.add(unit.programs);
      attached += unit.sites.length;
    } catch (error) {
      if (!isAboutThePlace(error)) throw error;
      const { again, lost } = insteadOf(unit, error);
      context.detail(`refused: ${messageOf(error)}`);
      for (const site of lost) refused.set(site, error);
      waiting.unshift(...again.flatMap((sites) => functions.unitsOf(sites)));
    }
    const now = clock.monotonicNs();
    if (now >= tellAt && waiting.length > 0) {
      context.notice(`attached ${attached} of ${total} functions`);
      tellAt = now + PATIENCE_NS;
    }
    if (now >= turnAt) {
      await clock.sleep(0, signal);
      turnAt = clock.monotonicNs() + TURN_NS;
    }
  }
  const [first] = refused.values();
  if (refused.size > 0 && ((functionsOnly && attached === 0) || total === 1)) throw first;
  tellRefused(context, refused, names);
  return !signal.aborted;
}

function countOf(units: readonly FunctionUnit[]): number {
  return units.reduce((sum, { sites }) => sum + sites.length, 0);
}

function tellRefused(
  context: Context,
  refused: ReadonlyMap<FunctionSite, unknown>,
  names: readonly SiteName[],
): void {
  for (const [{ site }, error] of [...refused].slice(0, TOLD))
    context.notice(`left out: ${names[site]?.name}: ${messageOf(error)}`);
  if (refused.size > TOLD) context.notice(`left out: ${refused.size - TOLD} more functions`);
}

/** Answers that are about one function and not about the machine, which would give them for all. */
const PLACES: ReadonlySet<number> = new Set([
  ...[errno.EINVAL, errno.ENOENT, errno.ESRCH, errno.EBUSY, errno.EOPNOTSUPP, errno.ENOTSUPP],
  ...[errno.EADDRNOTAVAIL, errno.EILSEQ, errno.EIO, errno.E2BIG, errno.EEXIST],
]);

function isAboutThePlace(error: unknown): boolean {
  if (error instanceof NotSupportedError || error instanceof VerifierError) return true;
  return error instanceof SyscallError && PLACES.has(error.errno);
}

/**
 * What is tried in place of a unit that was refused. One function is enough for the refusal of all, so a unit is halved
 * until it is found; but a program that was refused is so for all of them.
 */
function insteadOf(
  { sites }: FunctionUnit,
  error: unknown,
): { readonly again: readonly (readonly FunctionSite[])[]; readonly lost: readonly FunctionSite[] } {
  if (sites.length > 1 && !(error instanceof VerifierError)) {
    const half = Math.ceil(sites.length / 2);
    return { again: [sites.slice(0, half), sites.slice(half)], lost: [] };
  }
  const next = sites.map((site) => ({ ...site, ways: site.ways.slice(1) }));
  const left = next.filter(({ ways }) => ways.length > 0);
  return { again: left.length === 0 ? [] : [left], lost: sites.filter((_, i) => next[i]?.ways.length === 0) };
}
