/** Clocks that sample each CPU. */
import { ProgType } from "../../core/bpf-uapi";
import { errno } from "../../core/errno";
import { UsageError } from "../../core/errors";
import { Resources } from "../../core/resources";
import { onlineCpusOf } from "../../sys/cpus";
import { PerfFlag, PerfType, SoftwareClock } from "../../sys/perf-event";
import type { Access } from "../access";
import { Link, type Means } from "../link";
import type { PerfEventHook } from "../program-spec";
import type { HookKind } from "./hook-kind";
import { attachToEvent, openPerfEvent } from "./perf-attachment";

const LIMIT = "/proc/sys/kernel/perf_event_max_sample_rate";

function refused(operation: string, frequency: number, code: number, access: Access): Error {
  const limit = Number(access.sys.readText(LIMIT) ?? Number.NaN);
  if (code === errno.EINVAL && frequency > limit)
    return new UsageError(`${operation}: this kernel allows ${limit} samples a second at most`, {
      hint: `sample less often, or raise the limit: sudo sysctl kernel.perf_event_max_sample_rate=${frequency}`,
    });
  return access.refusal(operation, code);
}

export const perfEvent: HookKind<PerfEventHook> = {
  programType: () => ({ type: ProgType.BPF_PROG_TYPE_PERF_EVENT }),
  attach({ name, frequency, cpus, cookie }, program, access) {
    const operation = `attach to ${name} at ${frequency} Hz`;
    if (!Number.isInteger(frequency) || frequency < 1)
      throw new UsageError(`${operation}: the frequency is not a positive integer`);
    const event = {
      type: PerfType.software,
      config: SoftwareClock[name],
      samplePeriod: frequency,
      flags: PerfFlag.disabled | PerfFlag.freq,
    };
    const online = onlineCpusOf(access.sys).filter((cpu) => cpus?.includes(cpu) ?? true);
    if (online.length === 0)
      throw new UsageError(`${operation}: none of the CPUs ${cpus?.join(",")} is online`);
    using opened = new Resources();
    let means: Means = "bpf-link";
    let places = 0;
    for (const cpu of online) {
      const fd = openPerfEvent(access, event, { pid: -1, cpu });
      // The CPU was unplugged since the list was read.
      if (fd === -errno.ENODEV) continue;
      if (fd < 0) throw refused(operation, frequency, -fd, access);
      means = opened.use(attachToEvent(access, program, fd, { operation, cookie })).means;
      places++;
    }
    return Link.of(means, opened, places);
  },
};
