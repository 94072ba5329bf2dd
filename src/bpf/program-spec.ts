/** Blueprints of programs and of what a probe is made of: pure values, loaded by `Session.open`. */
import type { Block, MapRef } from "../asm/instruction";
import type { MapSpec } from "./map-spec";

/** Arguments as raw 64-bit words. Since Linux 4.17. */
export interface RawTracepointHook {
  readonly kind: "raw-tracepoint";
  readonly name: string;
}

/** The same place with arguments typed by BTF, which the program may follow as pointers. Since Linux 5.5. */
export interface BtfRawTracepointHook {
  readonly kind: "btf-raw-tracepoint";
  readonly name: string;
}

/** A tracepoint with the fields of its format file as context. Needs a mounted tracefs. Since Linux 4.7. */
export interface TracepointHook {
  readonly kind: "tracepoint";
  /** `category:event`, such as `sched:sched_switch` */
  readonly name: string;
  readonly cookie?: bigint;
}

/**
 * A clock of the kernel's that samples what runs on each CPU: `cpu-clock` runs always, `task-clock` while a task does.
 * CPUs that are offline are left out. Since Linux 4.9.
 */
export interface PerfEventHook {
  readonly kind: "perf-event";
  readonly name: "cpu-clock" | "task-clock";
  /** Samples a second on each CPU, at most kernel.perf_event_max_sample_rate. */
  readonly frequency: number;
  /** Only these CPUs; all unless given. */
  readonly cpus?: readonly number[] | undefined;
  readonly cookie?: bigint;
}

/** A kernel function: its entry, or an instruction in it, or its return. Since Linux 4.17. */
export interface KprobeHook {
  readonly kind: "kprobe" | "kretprobe";
  /** The function, without offset. */
  readonly name: string;
  /** Bytes from its start; for kprobe only. */
  readonly offset?: number;
  readonly cookie?: bigint;
}

/** Many kernel functions in one link. Since Linux 5.18, and only in kernels built with fprobe. */
export interface KprobeMultiHook {
  readonly kind: "kprobe-multi";
  /** What was asked for, such as `vfs_*`: for people to read. */
  readonly name: string;
  readonly functions: readonly string[];
  /** Run at the return instead of the entry. */
  readonly atReturn?: boolean;
  /** One for each function. */
  readonly cookies?: readonly bigint[];
}

/** A kernel function by its BTF id: cheaper than a kprobe, with typed arguments. Since Linux 5.5 on x86-64, 6.4 on arm64. */
export interface TracingHook {
  readonly kind: "fentry" | "fexit";
  readonly name: string;
  /** The module it is in, unless it is the kernel itself. Since Linux 5.11. */
  readonly module?: string;
  readonly cookie?: bigint;
}

/** An instruction of a program or library, or the return of the function that begins there. Since Linux 4.17. */
export interface UprobeHook {
  readonly kind: "uprobe" | "uretprobe";
  /** What it is called, such as `malloc`: for people to read. */
  readonly name: string;
  /** The file. */
  readonly path: string;
  /** Of the instruction in the file, in bytes. */
  readonly offset: number;
  /** Only this process; all unless given. */
  readonly pid?: number | undefined;
  readonly cookie?: bigint;
}

/** Many instructions of one file in one link. Since Linux 6.6. */
export interface UprobeMultiHook {
  readonly kind: "uprobe-multi";
  /** What was asked for: for people to read. */
  readonly name: string;
  readonly path: string;
  readonly offsets: readonly number[];
  readonly atReturn?: boolean;
  readonly pid?: number | undefined;
  /** One for each offset. */
  readonly cookies?: readonly bigint[];
}

/** What a program attached to a cgroup decides about or sees. */
export type CgroupEvent = "ingress" | "egress" | "sock-create" | "sock-release" | "device" | "sysctl";

/** What the processes of a cgroup v2 do, and of those below it. Since Linux 4.10; `sysctl` 5.2, `sock-release` 5.9. */
export interface CgroupHook {
  readonly kind: "cgroup";
  /** The cgroup's directory. */
  readonly name: string;
  readonly event: CgroupEvent;
}

/** Where a program runs. */
export type Hook =
  | RawTracepointHook
  | BtfRawTracepointHook
  | TracepointHook
  | PerfEventHook
  | KprobeHook
  | KprobeMultiHook
  | TracingHook
  | UprobeHook
  | UprobeMultiHook
  | CgroupHook;

/** A module that is loaded, as a place to find a kernel function in. */
export interface ModuleRef {
  readonly module: string;
}

/** The blueprint of a program: its code and where it runs. */
export interface ProgramSpec {
  /** Up to 15 letters, digits, `_` and `.`; what bpftool and stack traces show. */
  readonly name: string;
  readonly hook: Hook;
  readonly code: Block;
  /**
   * What the code names by its place here: maps, by `loadMapAt` and `loadMapValueAt`, and modules, by `callKfunc`, to
   * which place 0 is the kernel itself, whatever stands there. Since Linux 5.14.
   */
  readonly fdArray?: readonly (MapRef | ModuleRef)[];
  /** "Dual MIT/GPL" unless given: many helpers are for GPL-compatible programs only. */
  readonly license?: string;
}

/** Everything a measurement puts into the kernel. Programs are attached in the order listed. */
export interface ProbeSpec {
  readonly maps: readonly MapSpec[];
  readonly programs: readonly ProgramSpec[];
}
