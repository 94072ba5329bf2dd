/** The kernel's settings about BPF. Pure over the files. */
import type { Files } from "./reading";
import type { DoctorRow } from "./row";

interface Sysctl {
  readonly name: string;
  readonly title: string;
  /** What each value means. */
  readonly values: Readonly<Record<string, string>>;
  /** The value to set where the one found takes something away. */
  better?(found: number): number | undefined;
}

const SYSCTLS: readonly Sysctl[] = [
  {
    name: "kernel.unprivileged_bpf_disabled",
    title: "BPF without CAP_BPF",
    values: {
      0: "a little of BPF needs no rights",
      1: "BPF needs CAP_BPF, until the next start",
      2: "BPF needs CAP_BPF",
    },
  },
  {
    name: "kernel.perf_event_paranoid",
    title: "perf events without CAP_PERFMON",
    values: {
      "-1": "all perf events are for everyone",
      0: "perf events for everyone, without raw data",
      1: "perf events of own processes",
      2: "perf events of own processes, user side",
      3: "perf events need CAP_PERFMON",
      4: "perf events need CAP_PERFMON",
    },
  },
  {
    name: "kernel.kptr_restrict",
    title: "kernel addresses in /proc/kallsyms",
    values: {
      0: "kernel symbols for CAP_SYSLOG",
      1: "kernel symbols for CAP_SYSLOG",
      2: "no kernel symbols",
    },
    better: (found) => (found >= 2 ? 1 : undefined),
  },
  {
    name: "net.core.bpf_jit_enable",
    title: "whether programs become machine code",
    values: {
      0: "programs are interpreted: slow",
      1: "programs become machine code",
      2: "programs are logged",
    },
    better: (found) => (found === 1 ? undefined : 1),
  },
  {
    name: "kernel.bpf_stats_enabled",
    title: "whether every run of every program is timed",
    values: { 0: "programs are not timed", 1: "every program is timed: slow" },
    better: (found) => (found === 0 ? undefined : 0),
  },
];

/** A row for each setting. */
export function sysctlRows(files: Files, asRoot: (line: string) => string): DoctorRow[] {
  return SYSCTLS.map(({ name, title, values, better }) => {
    const row = { section: "sysctls", name, title } as const;
    const reading = files.read(`/proc/sys/${name.replaceAll(".", "/")}`);
    if (reading.text === undefined) {
      const absent = reading.problem === "absent";
      return {
        ...row,
        state: absent ? "missing" : "inconclusive",
        detail: absent ? "no such setting" : reading.message,
      };
    }
    const found = reading.text.trim();
    const meaning = values[found];
    const detail = meaning === undefined ? found : `${found}: ${meaning}`;
    const value = better?.(Number(found));
    return value === undefined
      ? { ...row, state: "info", detail }
      : { ...row, state: "info", detail, remedy: asRoot(`sysctl -w ${name}=${value}`) };
  });
}
