/** A real Prometheus fetches from every command that serves metrics, and finds what a workload has done. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endWorkloads, started as startedWorkload } from "../kernel/dashboard/workload";
import { kernelTest } from "../kernel/kernel-test";
import { bpfkitStarted } from "./built-bpfkit";
import { type Running, started } from "./spawned";

const running: Running[] = [];
const folders: string[] = [];

afterAll(async () => {
  for (const { child } of running) child.kill("SIGKILL");
  await Promise.all(running.map(({ ended }) => ended));
  endWorkloads();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A bpfkit command that serves metrics until the end of the test, and where. */
async function serving(...args: readonly string[]): Promise<string> {
  const bpfkit = bpfkitStarted(...args, "--prometheus", "0");
  running.push(bpfkit);
  await bpfkit.shows("tracing ");
  return await bpfkit.finds(/serving metrics at (http:\S+)/);
}

/** A Prometheus of the test's own, with its data in a folder that goes: where it answers. */
async function prometheus(metrics: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "bpfkit-prometheus-"));
  folders.push(folder);
  const targets = metrics.map((url) => new URL(url).host);
  const scrape = { job_name: "bpfkit", scrape_interval: "500ms", static_configs: [{ targets }] };
  // JSON is YAML too.
  writeFileSync(join(folder, "prometheus.yml"), JSON.stringify({ scrape_configs: [scrape] }));
  const server = started("prometheus", [
    `--config.file=${join(folder, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    "--web.listen-address=127.0.0.1:0",
  ]);
  running.push(server);
  await server.shows("Server is ready to receive web requests");
  return `http://${await server.finds(/msg="Listening on" address=(\S+)/)}`;
}

interface Answer {
  readonly data: { readonly result: readonly { readonly value: readonly [time: number, value: string] }[] };
}

/** Asks until there is one value that satisfies. */
async function until(server: string, query: string, satisfies: (value: number) => boolean): Promise<void> {
  for (;;) {
    const response = await fetch(`${server}/api/v1/query?query=${encodeURIComponent(query)}`);
    const { data } = (await response.json()) as Answer;
    const [only, ...more] = data.result;
    if (only !== undefined && more.length === 0 && satisfies(Number(only.value[1]))) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

kernelTest(
  ["raw-tracepoint", "btf-raw-tracepoint", "mmapable-array", "program:prometheus", "program:promtool"],
  "Prometheus finds the counts of dashboard, syscall-top and proc-count",
  async () => {
    const workload = await startedWorkload("o1009:x101:e53");
    const pid = String(workload.pid);
    const urls = [
      await serving("dashboard", "--once", "-p", pid, "--events", "opens,failed,unclosed"),
      await serving("syscall-top", "-p", pid, "--latency", "--errors", "--by", "process,syscall"),
      await serving("proc-count", "--comm", "dash-load", "--cost"),
    ];
    await workload.work();
    for (const url of urls) {
      const promtool = started("promtool", ["check", "metrics"]);
      promtool.child.stdin?.end(await (await fetch(url)).text());
      // It says what does not follow the conventions.
      expect(await promtool.ended).toMatchObject({ code: 0, stdout: "", stderr: "" });
    }
    const server = await prometheus(urls);
    await until(server, "sum(up)", (value) => value === 3);
    await until(server, "bpfkit_opens_total", (value) => value === 1009);
    await until(server, "bpfkit_unclosed_files", (value) => value === 1009);
    const opens = `pid="${pid}",comm="dash-load",syscall=~"open|openat"`;
    await until(server, `bpfkit_syscall_calls_total{${opens}}`, (value) => value === 1009 + 101);
    await until(server, `bpfkit_syscall_failures_total{${opens}}`, (value) => value === 101);
    await until(server, `bpfkit_syscall_duration_seconds_count{${opens}}`, (value) => value === 1009 + 101);
    // Opening a file takes some time between the bounds of the buckets.
    await until(
      server,
      `histogram_quantile(0.5, bpfkit_syscall_duration_seconds_bucket{${opens}})`,
      (value) => value > 256e-9 && value < 60,
    );
    await until(server, 'bpfkit_process_execs_total{comm="dash-load"}', (value) => value === 53);
    await until(server, 'bpfkit_process_exits_total{comm="dash-load"}', (value) => value === 53);
    await until(
      server,
      'bpfkit_process_cpu_seconds_total{comm="dash-load"}',
      (value) => value > 0 && value < 3600,
    );
    await until(server, "sum(bpfkit_lost_events_total)", (value) => value === 0);
    await workload.end();
  },
);
