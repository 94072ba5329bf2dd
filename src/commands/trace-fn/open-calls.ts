/** Opens a probe of which some places may turn out to be untraceable: that is said, and the others are traced. */
import type { Kernel } from "../../bpf/kernel";
import type { Hook } from "../../bpf/program-spec";
import type { Session } from "../../bpf/session";
import { messageOf, NotSupportedError } from "../../core/errors";
import type { Context } from "../context";
import { openProbe, type Whose } from "../open-probe";
import type { TraceProbe } from "./probe";

/** Places that the kernel may refuse one by one. */
const FUNCTIONS: ReadonlySet<Hook["kind"]> = new Set([
  "kprobe",
  "kretprobe",
  "fentry",
  "fexit",
  "uprobe",
  "uretprobe",
]);
const TOLD = 3;

/** Throws the first refusal where nothing is left. */
export function openCalls(context: Context, kernel: Kernel, probe: TraceProbe, whose: Whose): Session {
  const { spec, functionsOnly } = probe;
  const places = spec.programs.filter(({ hook }) => FUNCTIONS.has(hook.kind));
  const isOnly = new Set(places.map(({ hook }) => hook.name)).size <= 1;
  const refused = new Map<string, unknown>();
  const session = openProbe(kernel, spec, whose, (hook, error) => {
    if (isOnly || !FUNCTIONS.has(hook.kind) || !(error instanceof NotSupportedError)) return false;
    refused.set(hook.name, refused.get(hook.name) ?? error);
    return !functionsOnly || places.some((place) => !refused.has(place.hook.name));
  });
  [...refused].slice(0, TOLD).forEach(([, error]) => {
    context.notice(`left out: ${messageOf(error)}`);
  });
  if (refused.size > TOLD) context.notice(`left out: ${refused.size - TOLD} more functions`);
  return session;
}
