/** What the dashboard's live screen takes: processor time at a refresh a second, memory, and whether that grows. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { BpfkitError } from "../src/core/errors";
import type { Bench, Benchmark } from "./benchmark";
import type { Bound } from "./bound";
import { describeGrowth, summarizeGrowth } from "./memory-growth";
import { statusKib } from "./process-status";
import type { Point } from "./statistics";
import { bpfkitScript } from "./this-build";

/** USER_HZ, in which /proc shows times on every architecture that bpfkit runs on. */
const TICKS_PER_SECOND = 100;
/** Starting takes more than refreshing, and is over by then. */
const WARM_UP_MS = 5000;
const CPU_SECONDS = 30;
const REFRESHES = 10_000;
const REFRESH_MS = 10;
const SAMPLE_MS = 100;

interface Sample {
  readonly atMs: number;
  readonly cpuSeconds: number;
  readonly residentMb: number;
  readonly peakMb: number;
}

/** Runs it on a terminal of 120 by 40 (script(1) makes one) and looks at the process from outside. */
async function watched(intervalMs: number, seconds: number): Promise<Sample[]> {
  const run = `${process.execPath} ${bpfkitScript} dashboard -q -i ${intervalMs}ms -d ${seconds}`;
  const child = spawn("script", ["-qefc", `stty rows 40 cols 120; exec ${run}`, "/dev/null"], {
    // A terminal whose keyboard has ended is one that is gone.
    stdio: ["pipe", "ignore", "inherit"],
    env: { ...process.env, TERM: "xterm-256color" },
  });
  const samples: Sample[] = [];
  const timer = setInterval(() => {
    const taken = sampleOf(child.pid as number);
    if (taken !== undefined) samples.push(taken);
  }, SAMPLE_MS);
  try {
    await endOf(child);
  } finally {
    clearInterval(timer);
  }
  const begun = samples[0]?.atMs ?? 0;
  return samples.filter(({ atMs }) => atMs - begun >= WARM_UP_MS);
}

/** Undefined while there is no dashboard yet, or no more. */
function sampleOf(scriptPid: number): Sample | undefined {
  try {
    const [pid] = readFileSync(`/proc/${scriptPid}/task/${scriptPid}/children`, "utf8").split(" ");
    if (!pid || !readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(bpfkitScript)) return undefined;
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    // The 14th and 15th field, counted from behind the name: proc(5).
    const times = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ")
      .slice(11, 13);
    return {
      atMs: performance.now(),
      cpuSeconds: times.reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND,
      residentMb: (statusKib(status, "VmRSS") ?? Number.NaN) / 1024,
      peakMb: (statusKib(status, "VmHWM") ?? Number.NaN) / 1024,
    };
  } catch {
    return undefined;
  }
}

function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on("error", reject).on("close", (code) => {
      if (code === 0) resolve();
      else reject(new BpfkitError(`dashboard on a terminal: ended with ${code}`));
    });
  });
}

async function run(bench: Bench): Promise<readonly Bound[]> {
  bench.note(`dashboard -i 1 for ${CPU_SECONDS} s`);
  const slow = await watched(1000, CPU_SECONDS + WARM_UP_MS / 1000);
  const [first, last] = [slow[0], slow.at(-1)];
  if (first === undefined || last === undefined) throw new BpfkitError("dashboard: no sample of it");
  const seconds = (last.atMs - first.atMs) / 1000;
  const cpu = (100 * (last.cpuSeconds - first.cpuSeconds)) / seconds;
  bench.say(
    `one refresh a second: ${cpu.toFixed(2)} % of one processor over ${seconds.toFixed(0)} s; ` +
      `resident ${last.residentMb.toFixed(1)} MB, peak ${last.peakMb.toFixed(1)} MB`,
  );
  bench.note(`dashboard -i ${REFRESH_MS}ms, ${REFRESHES} refreshes`);
  const fast = await watched(REFRESH_MS, (REFRESHES * REFRESH_MS + WARM_UP_MS) / 1000);
  const begun = (fast[0]?.atMs ?? 0) - WARM_UP_MS;
  const points = fast.map(
    ({ atMs, residentMb }): Point => ({
      x: Math.round((atMs - begun) / REFRESH_MS),
      y: residentMb,
    }),
  );
  const growth = summarizeGrowth(points);
  bench.say(describeGrowth("resident memory of the live screen", growth));
  return [
    { what: "CPU of dashboard -i 1", limit: 1, measured: cpu, unit: "%" },
    { what: "peak of dashboard -i 1", limit: 80, measured: last.peakMb, unit: "MB" },
    { what: "peak over ten thousand refreshes", limit: 80, measured: growth.peakMb, unit: "MB" },
    {
      what: "growth within the second half of them",
      limit: 1,
      measured: growth.laterMb - growth.earlierMb,
      unit: "MB",
    },
  ];
}

export const dashboardRefresh: Benchmark = {
  name: "dashboard-refresh",
  summary: "processor time and memory of the dashboard's live screen",
  run,
};
