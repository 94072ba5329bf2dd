import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type FeatureName, features } from "../../src/bpf/features";
import { doctor } from "../../src/commands/doctor/command";
import { fakeContext } from "../unit/commands/fake-context";
import { kernelTest, runningKernel } from "./kernel-test";
import { leakedFds, openKernelFds } from "./open-fds";

type Row = Record<"section" | "name" | "state" | "title" | "detail" | "since" | "remedy", string>;

const start = join(__dirname, "../../src/cli/start.js");

/** What `bpfkit doctor --json` prints, as this user or another. */
function spawned(as: { uid?: number; gid?: number } = {}) {
  const code = `process.argv.splice(1, 0, "bpfkit"); require(${JSON.stringify(start)}).start("1.2.3")`;
  const args = ["-e", code, "--", "doctor", "--json"];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", ...as });
  return { status, stderr, rows: stdout === "" ? [] : (JSON.parse(stdout) as { rows: Row[] }).rows };
}

function stateOf(rows: readonly Row[], name: string): string | undefined {
  return rows.find((row) => row.name === name)?.state;
}

/** What a probe might leave changed. The programs of others come and go, so only our own are looked at. */
function traces() {
  const read = (path: string) => readFileSync(path, "utf8");
  return {
    mounts: read("/proc/self/mountinfo"),
    stats: read("/proc/sys/kernel/bpf_stats_enabled"),
    limit: /^Max locked memory.*/m.exec(read("/proc/self/limits"))?.[0],
  };
}

kernelTest([], "examines the kernel and leaves nothing behind", async () => {
  const fds = openKernelFds();
  const before = traces();
  const kernel = runningKernel();
  const { context, output } = fakeContext({
    kernel: () => kernel,
    facts: () => kernel.facts,
    format: "json",
  });
  await doctor.run(context, {} as never, []);
  const rows = output.rows() as unknown as Row[];
  expect(
    rows.filter(({ state }) => state === "inconclusive" || state === "denied").map(({ name }) => name),
  ).toEqual(
    // Whether securityfs is there depends on the kernel and on who mounted what.
    rows
      .filter(({ section, state }) => section === "kernel" && state === "inconclusive")
      .map(({ name }) => name),
  );
  expect(stateOf(rows, "raw-tracepoint")).toBe("available");
  expect(stateOf(rows, "syscall-top")).toMatch(/^(works|partly)$/);
  expect(traces()).toEqual(before);
  expect(leakedFds(fds)).toEqual([]);
});

kernelTest([], "a hook that is missing has a reason, and it is not the rights", ({ kernel }) => {
  const found = features(kernel);
  const hooks = ["fentry", "fexit", "kprobe", "kretprobe", "kprobe-multi", "uprobe-multi"] as const;
  for (const name of hooks) {
    const { state, detail, missingRights } = found.finding(name);
    expect([name, state]).toEqual([name, expect.stringMatching(/^(available|missing)$/)]);
    expect(missingRights).toEqual([]);
    if (state === "missing") expect(detail).not.toBe("");
  }
  expect(found.state("fexit")).toBe(found.state("fentry"));
  expect(found.state("kretprobe")).toBe(found.state("kprobe"));
});

kernelTest([], "the command line exits with 0", () => {
  const { status, stderr, rows } = spawned();
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stateOf(rows, "doctor")).toBe("works");
});

kernelTest([], "it runs without rights, and says so", () => {
  const { status, stderr, rows } = spawned({ uid: 65534, gid: 65534 });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stateOf(rows, "bpf-capabilities")).toBe("denied");
  expect(stateOf(rows, "raw-tracepoint")).toBe("denied");
  expect(rows.find(({ name }) => name === "syscall-top")).toMatchObject({
    state: "fails",
    remedy: expect.stringMatching(/^sudo bpfkit syscall-top\nsudo setcap cap_bpf,cap_perfmon\+ep /),
  });
});

/** Ours to bpftool's. Its probe for "tracing" attaches to a function's entry, so a kernel may have ours without. */
const MAPS: Partial<Record<FeatureName, string>> = {
  hash: "hash",
  "lru-hash": "lru_hash",
  "per-cpu-hash": "percpu_hash",
  "lru-per-cpu-hash": "lru_percpu_hash",
  array: "array",
  "per-cpu-array": "percpu_array",
  "stack-trace": "stack_trace",
  "ring-buffer": "ringbuf",
  "perf-event-array": "perf_event_array",
  queue: "queue",
  stack: "stack",
  "lpm-trie": "lpm_trie",
  "array-of-maps": "array_of_maps",
  "hash-of-maps": "hash_of_maps",
  "cgroup-array": "cgroup_array",
  "task-storage": "task_storage",
  "bloom-filter": "bloom_filter",
};
const PROGRAMS: Partial<Record<FeatureName, string>> = {
  "raw-tracepoint-program": "raw_tracepoint",
  "kprobe-program": "kprobe",
  "tracepoint-program": "tracepoint",
  "perf-event-program": "perf_event",
  "socket-filter-program": "socket_filter",
  "cgroup-skb-program": "cgroup_skb",
};

kernelTest(["program:bpftool"], "map and program types are what bpftool finds", ({ kernel }) => {
  // Debian puts it where only root looks.
  const env = { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin` };
  const { stdout } = spawnSync("bpftool", ["feature", "probe", "kernel", "--json"], {
    encoding: "utf8",
    env,
  });
  const theirs = JSON.parse(stdout) as Record<"map_types" | "program_types", Record<string, boolean>>;
  const ours = features(kernel);
  const pairs = [
    ...Object.entries(MAPS).map(([name, type]) => [name, theirs.map_types[`have_${type}_map_type`]] as const),
    ...Object.entries(PROGRAMS).map(
      ([name, type]) => [name, theirs.program_types[`have_${type}_prog_type`]] as const,
    ),
  ];
  expect(pairs.map(([name]) => [name, ours.state(name as FeatureName) === "available"])).toEqual(pairs);
});
