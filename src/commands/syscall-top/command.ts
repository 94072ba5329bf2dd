/** syscall-top: counts system calls, times them, and tells who makes them and which fail. */
import type { Kernel } from "../../bpf/kernel";
import type { Session } from "../../bpf/session";
import { NS_PER } from "../../core/units";
import type { Ourselves } from "../../probes/ourselves";
import { recognisesCompat } from "../../probes/syscall-abi";
import { nativeAbi } from "../../symbols/syscalls";
import { defineCommand, type Outcome } from "../command";
import type { Context } from "../context";
import { type Interval, intervals } from "../intervals";
import { dumpOf, openProbe, ourselves, taskFilter, tellAttached } from "../open-probe";
import { serveMetrics } from "../prometheus";
import { listReport } from "./list";
import { check, maxEntriesOf, type Options, options, storeOf } from "./options";
import { type ProbeOptions, type SyscallTopProbe, syscallTopProbe } from "./probe";
import { Reader } from "./reader";

export const syscallTop = defineCommand({
  name: "syscall-top",
  summary: "Rank system calls by count, time or errors",
  description:
    "Counts the system calls of the whole machine, or of what the filters let pass, in the kernel.\n" +
    "With --latency, --errors or -x a call counts when it returns; otherwise when it is entered.",
  options,
  takesCommand: true,
  examples: [
    ["syscall-top -d 5", "what is called most, over five seconds"],
    ["syscall-top --latency -p 1234 -i 1", "how long the calls of a process take, every second"],
    ["syscall-top --by process,syscall -n 20", "which process makes which call"],
    ["syscall-top -x --by errno,syscall", "what fails, and how"],
    ["syscall-top --syscall '%network' --by container", "network calls by container"],
    ["syscall-top --in-flight -d 1", "who waits in which call, and for how long"],
    ["syscall-top --json -- make -j8", "the calls of a build, as JSON"],
  ],
  check,
  async run(context, given): Promise<Outcome | undefined> {
    if (given.list) {
      await context.output.report(
        listReport(nativeAbi(context.facts().arch), given.syscall, context.clock.now()),
      );
      return undefined;
    }
    const facts = context.facts();
    const follow = context.tracee !== undefined;
    if (given.dump) {
      await context.print(
        dumpOf(syscallTopProbe(probeOptions(given, follow, { pid: context.pid, code: [] }), facts).spec),
      );
      return undefined;
    }
    const kernel = context.kernel();
    const probe = syscallTopProbe(probeOptions(given, follow, ourselves(context, kernel)), facts);
    using session = openProbe(kernel, probe.spec, { filter: taskFilter(given), follow });
    tellAttached(context, probe.spec);
    if (!recognisesCompat(facts))
      context.notice("this kernel has no BTF: 32-bit system calls cannot be told from 64-bit ones");
    context.notice(introduction(given, context));
    context.tracee?.start();
    // Awaited, or the session would be closed before the first report.
    return await watch(context, kernel, session, probe, given);
  },
});

function probeOptions(given: Options, follow: boolean, ourselves: Ourselves): ProbeOptions {
  const { by, latency, errors, failed, errno, inFlight, syscall } = given;
  return {
    by,
    latency,
    errors,
    failedOnly: failed,
    errno,
    inFlight,
    selection: syscall,
    filter: taskFilter(given),
    follow,
    store: storeOf(given),
    maxEntries: maxEntriesOf(given),
    ourselves,
  };
}

function introduction({ duration }: Options, { tracee }: Context): string {
  if (tracee !== undefined) return `tracing the system calls of "${tracee.command.join(" ")}" until it ends`;
  return duration === undefined ? "tracing system calls, Ctrl-C to end" : "tracing system calls";
}

/** How often a live table is redrawn unless told. */
const LIVE_INTERVAL_NS = NS_PER.s;

/** Reports each interval until the end; before the last one the programs are detached. */
async function watch(
  context: Context,
  kernel: Kernel,
  session: Session,
  probe: SyscallTopProbe,
  given: Options,
): Promise<Outcome> {
  const intervalNs = given.interval ?? (given.live ? LIVE_INTERVAL_NS : undefined);
  const timing = { intervalNs, durationNs: given.duration };
  const reader = new Reader(context, kernel, session, probe, given);
  using _exporter = await serveMetrics(context, given.prometheus, () => reader.metrics());
  let startedAt = context.clock.now();
  let lost = 0;
  for await (const interval of intervals(context.clock, timing, context.signal)) {
    if (interval.last) session.detach();
    const endedAt = context.clock.now();
    lost += await reader.show(interval, { startedAt, endedAt, durationNs: elapsed(interval) });
    startedAt = endedAt;
  }
  return { lost };
}

function elapsed({ startNs, endNs }: Interval): number {
  return Number(endNs - startNs);
}
