/** Which features of the kernel each command uses: `doctor` tells from it what will work. */
import type { FeatureName } from "../bpf/features";

export interface CommandNeeds {
  /** Without any one of these the command does not work. */
  readonly needs: readonly FeatureName[];
  /** What goes missing without a feature that only a part of the command uses. */
  readonly gains: Readonly<Partial<Record<FeatureName, string>>>;
}

/** By the command's name: every command has an entry. */
export const commandNeeds: Readonly<Record<string, CommandNeeds>> = {
  "syscall-top": {
    needs: ["raw-tracepoint", "hash", "mmapable-array"],
    gains: {
      btf: "32-bit calls are not recognised, and no program can be started with --",
      "btf-raw-tracepoint": "32-bit calls are not recognised, and no program can be started with --",
      "probe-read-kernel": "32-bit calls and the names of processes are not known",
      "per-cpu-hash": "no --map percpu",
      "lru-hash": "no --map lru",
      "current-cgroup-id": "no --by cgroup or container",
      "cgroup-array": "no --cgroup and no --container",
      "pid-namespace-helper": "no ids inside a PID namespace",
      "raw-tracepoint-test-run": "does not run inside a PID namespace",
      batch: "large tables are read slowly",
    },
  },
  "proc-count": {
    needs: [
      ...(["btf", "btf-raw-tracepoint", "raw-tracepoint"] as const),
      ...(["hash", "per-cpu-array", "mmapable-array", "probe-read-kernel"] as const),
    ],
    gains: {
      "probe-read-user-str": "no --failed",
      "iterator-program": "no --cost of what runs already",
      "fetch-atomics": "a cost may be charged twice where two processors charge at once",
      "ring-buffer": "no --events, --failed and --flapping",
      "per-cpu-hash": "no --map percpu",
      "lru-hash": "no --map lru",
      "array-of-maps": "no --reset",
      "cgroup-array": "no --cgroup and no --container",
      "pid-namespace-helper": "no --pid and no --tid inside a PID namespace",
      "raw-tracepoint-test-run": "does not run inside a PID namespace",
      batch: "large tables are read slowly",
    },
  },
  "stack-profile": {
    needs: [
      ...(["perf-event", "raw-tracepoint"] as const),
      ...(["hash", "per-cpu-array", "mmapable-array", "ring-buffer"] as const),
    ],
    gains: {
      btf: "no --off-cpu, --wakeup, --wall, --unwind dwarf, and no program can be started with --",
      "btf-raw-tracepoint": "no --off-cpu, --wakeup and --wall, and no program can be started with --",
      "probe-read-kernel": "a process is called like one of its threads",
      fentry: "functions of the kernel with --on take kprobes",
      kprobe: "no functions of the kernel with --on where there is no fentry",
      uprobe: "no functions of programs and libraries with --on",
      "current-cgroup-id": "no --by cgroup or container",
      "cgroup-array": "no --cgroup and no --container",
      "pid-namespace-helper": "no ids inside a PID namespace",
      "raw-tracepoint-test-run": "does not run inside a PID namespace",
      loop: "user stacks of more than 48 frames are unwound in user space, which costs more",
      batch: "large tables are read slowly",
    },
  },
  "trace-fn": {
    needs: ["hash", "mmapable-array"],
    gains: {
      "ring-buffer": "only --count, --latency and --dist",
      "per-cpu-array": "no --stacks",
      btf: "no system calls, no types of kernel functions, and no program can be started with --",
      "btf-raw-tracepoint": "no system calls, and no program can be started with --",
      "raw-tracepoint": "no program can be started with --",
      uprobe: "no functions of programs and libraries",
      uretprobe: "no results and times of functions of programs and libraries",
      fentry: "no functions of the kernel by fentry",
      fexit: "no functions of the kernel by fentry",
      kprobe: "no functions of the kernel by kprobe",
      kretprobe: "no results and times of functions of the kernel by kprobe",
      "kprobe-multi": "many functions of the kernel take long to attach",
      "uprobe-multi": "many functions of a file take long to attach",
      "attach-cookie": "many functions take long to attach",
      tracepoint: "no t: where tracefs is mounted",
      "lru-hash": "no results and times of functions",
      "probe-read-user-str": "no strings",
      "probe-read-kernel": "no arguments beyond the registers, no --pidns and no --mntns",
      loop: "user stacks of more than 48 frames are unwound in user space, which costs more",
      "cgroup-array": "no --cgroup and no --container",
      "pid-namespace-helper": "no ids inside a PID namespace",
      "raw-tracepoint-test-run": "does not run inside a PID namespace",
    },
  },
  dashboard: {
    needs: ["raw-tracepoint", "mmapable-array"],
    gains: {
      btf: "only counters that need no kernel types, and no program can be started with --",
      "btf-raw-tracepoint": "only counters that need no kernel types, and no program can be started with --",
      "probe-read-kernel": "32-bit system calls are not recognised",
      hash: "no processes behind a counter",
      tracepoint: "no tracepoints of one's own",
      fentry: "counters of functions of the kernel take kprobes",
      kprobe: "no counters of functions of the kernel where there is no fentry",
      uprobe: "no counters of functions of programs and libraries",
      "bpf-stats": "no --cost",
      "cgroup-array": "no --cgroup and no --container",
      "pid-namespace-helper": "no ids inside a PID namespace",
      "raw-tracepoint-test-run": "does not run inside a PID namespace",
      batch: "many processes behind a counter are read slowly",
    },
  },
  doctor: { needs: [], gains: {} },
};
