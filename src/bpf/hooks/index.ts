/** The kinds of hooks by their names. */
import type { Hook } from "../program-spec";
import { cgroup } from "./cgroup";
import type { HookKind } from "./hook-kind";
import { kprobe } from "./kprobe";
import { kprobeMulti } from "./kprobe-multi";
import { perfEvent } from "./perf-event";
import { btfRawTracepoint, rawTracepoint } from "./raw-tracepoint";
import { tracepoint } from "./tracepoint";
import { tracing } from "./tracing";
import { uprobe } from "./uprobe";
import { uprobeMulti } from "./uprobe-multi";

const kinds: { readonly [K in Hook["kind"]]: HookKind<Extract<Hook, { readonly kind: K }>> } = {
  "raw-tracepoint": rawTracepoint,
  "btf-raw-tracepoint": btfRawTracepoint,
  tracepoint,
  "perf-event": perfEvent,
  kprobe,
  kretprobe: kprobe,
  "kprobe-multi": kprobeMulti,
  fentry: tracing,
  fexit: tracing,
  uprobe,
  uretprobe: uprobe,
  "uprobe-multi": uprobeMulti,
  cgroup,
};

/** How programs of this hook's kind are loaded and attached. */
export function kindOf(hook: Hook): HookKind<Hook> {
  return kinds[hook.kind] as HookKind<Hook>;
}
