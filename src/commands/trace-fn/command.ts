/** trace-fn: calls of functions, with their arguments, results and times. */

import { UsageError } from "../../core/errors";
import type { PlanOptions } from "../../probes/calls/call-plan";
import { kernelVias, userVias } from "../../probes/calls/function-ways";
import { checkFilter } from "../../probes/conditions/call-condition";
import { type Filter, parseNumberName } from "../../probes/conditions/condition";
import type { Ourselves } from "../../probes/ourselves";
import { defineCommand, type Outcome } from "../command";
import type { Context } from "../context";
import { dumpOf, openProbe, ourselves, taskFilter, tellAttached } from "../open-probe";
import { attachFunctions } from "./attach-functions";
import { watchCounts } from "./counts";
import { watchCalls } from "./events";
import { checkFormat, endings, isTrace } from "./format-choice";
import { listReport } from "./list";
import { check, modeOf, numberOf, type Options, options, waitsForReturn } from "./options";
import { planReport } from "./plan";
import { traceProbe } from "./probe";
import { kernelReach, plainReach } from "./reach";
import { type Resolved, resolve, type Wishes } from "./resolve";
import { watchStacks } from "./stacks";
import { surroundings } from "./surroundings";

export const traceFn = defineCommand({
  name: "trace-fn",
  summary: "Trace calls with arguments, results and times",
  description:
    "Shows calls as they happen, with their arguments; with --count, --latency, --dist or --stacks what they add up to.\n" +
    "A target is s:openat (system call), libc:malloc (library or program), /path/of/file:func, :func (program of " +
    "-p or COMMAND), vfs_read or module:func (kernel), t:sched:sched_switch (tracepoint); r: in front asks for the " +
    "return only; 'tcp_*' and '/^tcp_v[46]/' stand for many.",
  options,
  argument: {
    syntax: "[target...]",
    help: "what to trace: s:openat, libc:malloc, vfs_read, t:sched:sched_switch",
  },
  takesCommand: true,
  endings,
  examples: [
    ["trace-fn s:openat -- ls", "the files that a program opens"],
    ["trace-fn s:write -p 1234 --csv -o writes.csv", "every write of a process, in a file"],
    ["trace-fn 's:*at' --slower 10ms", "slow system calls of the whole machine, with their results"],
    ["trace-fn 's:*' --latency -d 5 --sort p99", "how long each system call takes"],
    ["trace-fn libc:malloc --arg size=1:u64 --ret -- ls", "allocations, with what they give"],
    ["trace-fn 'libc:*alloc' --count -p 1234", "which functions of an allocator are called"],
    ["trace-fn libc:malloc --stacks -p 1234 -d 5 -o malloc.svg", "who allocates, as a flame graph"],
    ["trace-fn 'libc:*alloc*' s:brk --graph -- ls", "which calls contain which, with their times"],
    ["trace-fn 's:*' -o calls.pftrace -- make", "every system call of a build, for ui.perfetto.dev"],
    ["trace-fn vfs_read --ret -p 1234", "a function of the kernel, with arguments by name and type"],
  ],
  check,
  async run(context, given, words): Promise<Outcome | undefined> {
    const mode = modeOf(given);
    checkFormat(context.format, mode);
    const facts = context.facts();
    const reach = given.dump ? plainReach(given.via) : kernelReach(given.via, () => context.kernel(), facts);
    const resolved = resolve(words, surroundings(facts, reach), wishes(given, context));
    checkVia(given.via, resolved);
    if (given.list || given.plan) {
      const now = context.clock.now();
      await (given.list
        ? context.output.report(listReport(resolved, now))
        : context.output.report(planReport(resolved, now)));
      return undefined;
    }
    const { sites, names, skipped, waits } = resolved;
    const number = numberOf(given);
    for (const name of names) {
      if (given.filter !== undefined) checkFilter(given.filter, name);
      if (number !== undefined) checkFilter(parseNumberName(number), name);
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
    using session = openProbe(kernel, probe.fixed, { filter: taskFilter(given), follow });
    if (!(await attachFunctions(context, session, probe, names))) return undefined;
    tellAttached(context, probe.spec);
    context.notice(
      introduction(
        names.map(({ name }) => name),
        context,
      ),
    );
    // Awaited, or the session would be closed before the first call.
    if (mode === "stacks") return await watchStacks(context, session, probe, resolved, given);
    return mode === "events" || mode === "graph"
      ? await watchCalls(context, session, probe, resolved, given)
      : await watchCounts(context, session, probe, names, given);
  },
});

function planOptions(given: Options, context: Context, waits: boolean, ourselves: Ourselves): PlanOptions {
  const { slower, sample, buffer, string, filter, pidns, mntns } = given;
  const { kernelOnly, userOnly, unwind, stackSize } = given;
  return {
    mode: modeOf(given),
    dist: numberOf(given),
    stacks: {
      halves: { kernel: !userOnly, user: !kernelOnly },
      stackSize: unwind === "dwarf" ? stackSize : undefined,
    },
    withResult: waitsForReturn(given) || isTrace(context.format) || waits,
    where: filter,
    namespaces: pidns === undefined && mntns === undefined ? undefined : { pid: pidns, mount: mntns },
    slowerNs: slower,
    sample,
    filter: taskFilter(given),
    follow: context.tracee !== undefined,
    ourselves,
    bufferSize: buffer,
    stringSize: string,
  };
}

/** What is asked of calls. */
function conditionsOf({ filter, dist }: Options): Filter[] {
  const asked = [filter, dist === undefined ? undefined : parseNumberName(dist)];
  return asked.filter((each) => each !== undefined);
}

function wishes(given: Options, { tracee }: Context): Wishes {
  const { arg, pid, list, plan } = given;
  const [only, ...more] = pid ?? [];
  return {
    args: arg,
    conditions: conditionsOf(given),
    pid: more.length === 0 ? only : undefined,
    program: tracee?.command[0],
    listing: list || plan,
    paired: waitsForReturn(given),
    nested: modeOf(given) === "graph",
  };
}

/** Throws a UsageError where the way asked for concerns none of the targets. */
function checkVia(via: Options["via"], { sites: { functions } }: Resolved): void {
  if (via === undefined || functions.some(({ ways }) => ways.some((way) => way.via === via))) return;
  throw new UsageError(`via: no target is a function that ${via} reaches`, {
    hint: `${kernelVias.join(", ")} are for functions of the kernel, ${userVias.join(" and ")} for others`,
  });
}

const NAMED = 3;

function introduction(names: readonly string[], { tracee }: Context): string {
  const some = names.slice(0, NAMED).join(", ");
  const what = names.length > NAMED ? `${some} and ${names.length - NAMED} more` : some;
  return tracee === undefined
    ? `tracing ${what}, Ctrl-C to end`
    : `tracing ${what} in "${tracee.command.join(" ")}" until it ends`;
}
