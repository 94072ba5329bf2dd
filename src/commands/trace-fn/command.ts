/** trace-fn: calls of functions, with their arguments, results and times. */

import { features } from "../../bpf/features";
import type { PlanOptions } from "../../probes/calls/call-plan";
import { checkFilter } from "../../probes/conditions/call-condition";
import { needsReturn, parseNumberName } from "../../probes/conditions/condition";
import type { Ourselves } from "../../probes/ourselves";
import { defineCommand, type Outcome } from "../command";
import type { Context } from "../context";
import { dumpOf, ourselves, taskFilter, tellAttached } from "../open-probe";
import { watchCounts } from "./counts";
import { watchCalls } from "./events";
import { listReport } from "./list";
import { openCalls } from "./open-calls";
import { check, modeOf, type Options, options } from "./options";
import { traceProbe } from "./probe";
import { resolve, type Wishes } from "./resolve";
import { type KernelVia, surroundings } from "./surroundings";

export const traceFn = defineCommand({
  name: "trace-fn",
  summary: "Trace calls with arguments, results and times",
  description:
    "Shows calls as they happen, with their arguments; with --count, --latency or --dist what they add up to.\n" +
    "A target is s:openat (system call), libc:malloc (library or program), /path/of/file:func, :func (program of " +
    "-p or COMMAND), vfs_read or module:func (kernel), t:sched:sched_switch (tracepoint); r: in front asks for the " +
    "return only; 'tcp_*' and '/^tcp_v[46]/' stand for many.",
  options,
  argument: {
    syntax: "[target...]",
    help: "what to trace: s:openat, libc:malloc, vfs_read, t:sched:sched_switch",
  },
  takesCommand: true,
  examples: [
    ["trace-fn s:openat -- ls", "the files that a program opens"],
    ["trace-fn s:write -p 1234 --csv -o writes.csv", "every write of a process, in a file"],
    ["trace-fn 's:*at' --slower 10ms", "slow system calls of the whole machine, with their results"],
    ["trace-fn 's:*' --latency -d 5 --sort p99", "how long each system call takes"],
    ["trace-fn libc:malloc --arg size=1:u64 --ret -- ls", "allocations, with what they give"],
    ["trace-fn 'libc:*alloc' --count -p 1234", "which functions of an allocator are called"],
    ["trace-fn vfs_read --ret -p 1234", "a function of the kernel, with arguments by name and type"],
  ],
  check,
  async run(context, given, words): Promise<Outcome | undefined> {
    const facts = context.facts();
    const resolved = resolve(words, surroundings(facts, kernelVia(given, context)), wishes(given, context));
    if (given.list) {
      await context.output.report(listReport(resolved, context.clock.now()));
      return undefined;
    }
    const { sites, names, skipped, waits } = resolved;
    for (const name of names) {
      if (given.filter !== undefined) checkFilter(given.filter, name);
      if (given.dist !== undefined) checkFilter(parseNumberName(given.dist), name);
    }
    for (const { name, reason } of skipped.slice(0, NAMED)) context.notice(`left out: ${name} ${reason}`);
    if (skipped.length > NAMED) context.notice(`left out: ${skipped.length - NAMED} more functions`);
    if (given.dump) {
      const plan = planOptions(given, context, waits, { pid: context.pid, code: [] });
      await context.print(dumpOf(traceProbe(sites, plan, facts).spec));
      return undefined;
    }
    const kernel = context.kernel();
    const probe = traceProbe(sites, planOptions(given, context, waits, ourselves(context, kernel)), facts);
    const follow = context.tracee !== undefined;
    using session = openCalls(context, kernel, probe, { filter: taskFilter(given), follow });
    tellAttached(context, probe.spec);
    context.notice(
      introduction(
        names.map(({ name }) => name),
        context,
      ),
    );
    // Awaited, or the session would be closed before the first call.
    return modeOf(given) === "events"
      ? await watchCalls(context, session, probe, names, given)
      : await watchCounts(context, session, probe, names, given);
  },
});

function planOptions(given: Options, context: Context, waits: boolean, ourselves: Ourselves): PlanOptions {
  const { ret, latency, slower, sample, buffer, string, filter, dist } = given;
  const asked = [filter, dist === undefined ? undefined : parseNumberName(dist)];
  const asksLater = asked.some((each) => each !== undefined && needsReturn(each));
  return {
    mode: modeOf(given),
    dist,
    withResult: ret || latency || slower !== undefined || waits || asksLater,
    where: filter,
    slowerNs: slower,
    sample,
    filter: taskFilter(given),
    follow: context.tracee !== undefined,
    ourselves,
    bufferSize: buffer,
    stringSize: string,
  };
}

function wishes({ arg, pid, list }: Options, { tracee }: Context): Wishes {
  const [only, ...more] = pid ?? [];
  return { args: arg, pid: more.length === 0 ? only : undefined, program: tracee?.command[0], listing: list };
}

/** As asked for, else the cheapest that the kernel has; a listing asks no kernel. */
function kernelVia({ via, dump }: Options, context: Context): () => KernelVia {
  if (via !== undefined) return () => via;
  if (dump) return () => "kprobe";
  const hasBoth = () =>
    (["fentry", "fexit"] as const).every((name) => features(context.kernel()).state(name) === "available");
  let best: KernelVia | undefined;
  return () => {
    best ??= hasBoth() ? "fentry" : "kprobe";
    return best;
  };
}

const NAMED = 3;

function introduction(names: readonly string[], { tracee }: Context): string {
  const some = names.slice(0, NAMED).join(", ");
  const what = names.length > NAMED ? `${some} and ${names.length - NAMED} more` : some;
  return tracee === undefined
    ? `tracing ${what}, Ctrl-C to end`
    : `tracing ${what} in "${tracee.command.join(" ")}" until it ends`;
}
