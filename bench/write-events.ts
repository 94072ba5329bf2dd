/** Every write of a process as a line in a file: what arrives, what it costs the process, and what the tracer. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BpfkitError } from "../src/core/errors";
import type { Bench, Benchmark } from "./benchmark";
import type { Bound } from "./bound";
import { type Contender, measureInTurn } from "./rounds";
import { RunningTracer, type Tracer } from "./running-tracer";
import { median } from "./statistics";
import { textTable } from "./text-table";
import { bpfkitScript } from "./this-build";
import { emptyPrograms } from "./tracers";
import { parseTimes } from "./workload";

const ROUNDS = 5;
const WRITES = 1_000_000;
const TICKS_PER_SECOND = 100;

interface Sample {
  /** Seconds that the writes took. */
  readonly wall: number;
  /** Lines in the file. */
  readonly delivered: number;
  /** Seconds of processor time that the tracer took while it was attached. */
  readonly cpu: number;
}

/** A tracer of the process with this id, that writes into this file. */
type TracerOf = (pid: number, file: string) => Tracer;

const empty: TracerOf = () => emptyPrograms("sys_enter");

const traceFn: TracerOf = (pid, file) => ({
  name: "bpfkit trace-fn s:write --csv",
  command: [
    ...([process.execPath, bpfkitScript, "trace-fn", "s:write", "-p", String(pid)] as const),
    ...["--csv", "-o", file, "-q"],
  ],
  programs: 1,
});

const printf =
  (bpftrace: string): TracerOf =>
  (pid, file) => ({
    name: "bpftrace printf()",
    command: [
      ...([bpftrace, "-o", file, "-e"] as const),
      `tracepoint:syscalls:sys_enter_write /pid == ${pid}/ ` +
        '{ printf("%lld,%d,%d,%s,%d,%lx,%d\\n", elapsed, pid, tid, comm, args->fd, args->buf, args->count); }',
    ],
    programs: 1,
  });

/** Seconds of processor time a process has taken, in ticks of the kernel: proc(5). */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** What a tracer has taken when it has written all that it has. */
async function cpuWhenIdle(pid: number): Promise<number> {
  for (let last = cpuOf(pid); ; ) {
    await sleep(300);
    const now = cpuOf(pid);
    if (now - last < 0.03) return now;
    last = now;
  }
}

async function linesOf(file: string): Promise<number> {
  let lines = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>)
    for (const byte of chunk) if (byte === 10) lines++;
  return lines;
}

/** Runs the writes under a tracer that knows the process before its first one. */
async function measure(tracerOf: TracerOf, isEmpty: boolean): Promise<Sample> {
  const folder = mkdtempSync(join(tmpdir(), "bpfkit-bench-"));
  const file = join(folder, "writes.csv");
  const copy = `dd if=/dev/zero of=/dev/null bs=1 count=${WRITES} status=none`;
  // bash is the parent that times; the child keeps its number over the exec.
  const script = `TIMEFORMAT="%R %U %S"; read go; echo $go >&9; time wait $waiting`;
  const shell = spawn(
    "bash",
    [
      "-c",
      `coproc { read go; exec ${copy}; }; exec 9>&"\${COPROC[1]}"; waiting=$COPROC_PID; echo $waiting; ${script}`,
    ],
    { env: { ...process.env, LC_ALL: "C" }, stdio: ["pipe", "pipe", "pipe"] },
  );
  let text = "";
  shell.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const [said] = (await once(shell.stdout, "data")) as [Buffer];
  const running = await RunningTracer.start(tracerOf(Number(said.toString()), file));
  try {
    const ended = once(shell, "close");
    const before = cpuOf(running.pid);
    shell.stdin.end("go\n");
    await ended;
    const cpu = (await cpuWhenIdle(running.pid)) - before;
    await running.stop();
    const delivered = isEmpty ? 0 : await linesOf(file);
    return { wall: parseTimes(text).wall, delivered, cpu };
  } finally {
    await running.kill();
    shell.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(bench: Bench): Promise<readonly Bound[]> {
  const { bpftrace } = bench.peers;
  const tracers = [empty, traceFn, ...(bpftrace === undefined ? [] : [printf(bpftrace)])];
  const contenders = tracers.map(
    (tracerOf): Contender<Sample> => ({
      name: tracerOf(0, "").name,
      measure: () => measure(tracerOf, tracerOf === empty),
    }),
  );
  const samples = await measureInTurn(contenders, bench.rounds ?? ROUNDS, bench);
  const [floor, ours, theirs] = contenders.map(({ name }) => samples.get(name));
  if (floor === undefined || ours === undefined) throw new BpfkitError("write-events: nothing was measured");
  const slowed = (taken: readonly Sample[] | undefined) =>
    taken && median(taken.map(({ wall }, round) => wall / (floor[round] as Sample).wall));
  const perCpu = (taken: readonly Sample[] | undefined) =>
    taken && median(taken.map(({ delivered, cpu }) => delivered / cpu));
  const rows = [...samples].map(([name, taken]) => [
    name,
    median(taken.map(({ wall }) => wall)).toFixed(2),
    slowed(taken)?.toFixed(2) ?? "",
    ...(taken === floor
      ? []
      : [
          `${((median(taken.map(({ delivered }) => delivered)) / WRITES) * 100).toFixed(1)} %`,
          median(taken.map(({ cpu }) => cpu)).toFixed(2),
          ((perCpu(taken) ?? 0) / 1000).toFixed(0),
        ]),
  ]);
  bench.say(textTable(["attached", "wall s", "× empty", "delivered", "CPU s", "1000/CPU s"], rows));
  const missing = Math.max(...ours.map(({ delivered }) => Math.max(0, WRITES - delivered)));
  const [mine = Number.NaN, other] = [perCpu(ours), perCpu(theirs)];
  return [
    { what: "writes that are not in the file", limit: 0, measured: missing, unit: "calls" },
    { what: "trace-fn s:write / empty program", limit: 2, measured: slowed(ours), unit: "×" },
    {
      what: "delivered a CPU second: bpftrace / trace-fn",
      limit: 0.1,
      measured: other && other / mine,
      unit: "×",
    },
  ];
}

export const writeEvents: Benchmark = {
  name: "write-events",
  summary: `every write of a process as a line in a file: dd, ${WRITES / 1e6} million calls`,
  run,
};
