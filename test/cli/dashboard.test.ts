/** The dashboard on a real terminal, and its exit codes. */

import { spawn } from "node:child_process";
import { get } from "node:http";
import { text } from "node:stream/consumers";
import { kernelTest } from "../kernel/kernel-test";
import { BUILT, bpfkit, bpfkitStarted } from "./built-bpfkit";
import { openTmux, type Tmux } from "./tmux";

const NEEDS = ["raw-tracepoint", "btf-raw-tracepoint", "mmapable-array"];
const ON_TERMINAL = [...NEEDS, "program:tmux"];

/** A dashboard on a terminal of its own; the shell says "end" with the exit code when it is over. */
async function dashboard(tmux: Tmux, ...args: readonly string[]): Promise<void> {
  // What stty says of the terminal must be the same before and after.
  tmux.line("stty -g > /dev/null; BEFORE=$(stty -g)");
  const words = [process.execPath, BUILT, "dashboard", "-i", "200ms", ...args];
  tmux.line(
    `${words.map((word) => `'${word}'`).join(" ")}; echo "end $?"; test "$BEFORE" = "$(stty -g)" && echo same`,
  );
  await tmux.until("the screen is there", (lines) => has(lines, "COUNTER") && has(lines, "bpfkit "));
}

const has = (lines: readonly string[], text: string) => lines.some((line) => line.includes(text));
const isOver = (lines: readonly string[]) => has(lines, "end 0") && has(lines, "same");
const rowOf = (lines: readonly string[], counter: string) =>
  lines.find((line) => line.slice(2).startsWith(counter)) ?? "";

kernelTest(ON_TERMINAL, "keys: select, sort, stop, drill down, help, quit", async () => {
  using tmux = openTmux(90, 35);
  await dashboard(tmux, "--events", "syscalls,opens,closes");
  tmux.press("Down");
  await tmux.until("the second row is selected", (lines) => rowOf(lines, "opens").startsWith("> "));
  tmux.press("s", "s");
  await tmux.until("the order is another", (lines) => has(lines, "sorted by rate"));
  tmux.press("?");
  await tmux.until("help is there", (lines) => has(lines, "start all figures over"));
  tmux.press("x");
  await tmux.until("help is gone", (lines) => !has(lines, "start all figures over"));
  tmux.press("Enter");
  await tmux.until("processes are there", (lines) => has(lines, "PID") && has(lines, "RATE /s  opens"));
  tmux.press("Escape");
  await tmux.until("counters are back", (lines) => has(lines, "COUNTER"));
  tmux.press("p");
  await tmux.until("it stands still", (lines) => has(lines, "(paused)"));
  tmux.press("q");
  const left = await tmux.until("it is over", isOver);
  // The totals of the run are left, and nothing of the screen.
  expect(has(left, "AVG looks back 10s")).toBe(true);
  expect(has(left, "sorted by")).toBe(false);
});

kernelTest(ON_TERMINAL, "r starts all figures over", async () => {
  using tmux = openTmux(90, 35);
  await dashboard(tmux, "--events", "syscalls", "--window", "1s");
  const total = (lines: readonly string[]) => Number(/syscalls +(\d+) /.exec(lines.join("\n"))?.[1]);
  await tmux.until("it has counted", (lines) => rowOf(lines, "syscalls").includes("k "));
  tmux.press("p", "r", "p");
  await tmux.until("the total is small again", (lines) => total(lines) >= 0);
  tmux.press("q");
  await tmux.until("it is over", isOver);
});

kernelTest(ON_TERMINAL, "the screen follows the terminal down to 40 by 10", async () => {
  using tmux = openTmux(120, 40);
  await dashboard(tmux);
  await tmux.until("every figure has room", (lines) => has(lines, "MAX /s  COURSE"));
  tmux.resize(40, 10);
  const small = await tmux.until("it is small", (lines) =>
    /^ {2}COUNTER +TOTAL {2}RATE \/s {3}AVG \/s$/.test(lines[1] ?? ""),
  );
  expect(small.filter((line) => line !== "").length).toBe(10);
  expect(small[9]).toMatch(/^bpfkit \d/);
  tmux.press("q");
  // The table is wider than that, but it is there.
  await tmux.until("it is over", isOver);
});

kernelTest(ON_TERMINAL, "Ctrl-C gives the terminal back and leaves the totals", async () => {
  using tmux = openTmux(90, 35);
  await dashboard(tmux, "--events", "syscalls,failed");
  tmux.press("C-c");
  const left = await tmux.until("it is over", isOver);
  expect(has(left, "COUNT  RATE /s")).toBe(true);
});

kernelTest(ON_TERMINAL, "Ctrl-Z gives the terminal to the shell, fg takes it over again", async () => {
  using tmux = openTmux(90, 35);
  await dashboard(tmux, "--events", "syscalls,failed");
  tmux.press("C-z");
  await tmux.until("the shell is there", (lines) => has(lines, "Stopped") && !has(lines, "sorted by"));
  tmux.line("clear; fg; echo over");
  await tmux.until("the screen is back", (lines) => has(lines, "COUNTER") && has(lines, "sorted by"));
  tmux.press("q");
  await tmux.until("it is over", (lines) => has(lines, "over") && has(lines, "AVG looks back"));
});

kernelTest(ON_TERMINAL, "so does a signal", async () => {
  using tmux = openTmux(90, 35);
  await dashboard(tmux, "--events", "syscalls,failed");
  process.kill(tmux.runs(), "SIGTERM");
  await tmux.until("it is over", isOver);
});

describe("exit codes", () => {
  kernelTest(NEEDS, "4 with --check when an alert has fired", async () => {
    const args = [
      "dashboard",
      "--once",
      "-d",
      "1",
      "-i",
      "200ms",
      "--events",
      "syscalls",
      "--check",
      "--json",
    ];
    const { code, stdout, stderr } = await bpfkit(...args, "--alert", "total syscalls > 0");
    expect({ code, stderr }).toEqual({
      code: 4,
      stderr: expect.stringContaining("alert fired: total syscalls > 0"),
    });
    expect(JSON.parse(stdout)).toMatchObject({ totals: { alertsFired: 1 } });
    expect((await bpfkit(...args, "--alert", "syscalls > 1000G/s")).code).toBe(0);
  });

  kernelTest(NEEDS, "4 with --check when a rate was too high for too long", async () => {
    const writing = spawn("yes", { stdio: ["ignore", "ignore", "ignore"] });
    try {
      const args = [
        "dashboard",
        "--once",
        "-d",
        "2",
        "-i",
        "200ms",
        "--events",
        "writes",
        "--check",
        "--csv",
      ];
      const alert = ["-p", String(writing.pid), "--alert", "writes > 0/s for 400ms clear <= 0/s"];
      const { code, stderr } = await bpfkit(...args, ...alert);
      expect({ code, stderr }).toEqual({
        code: 4,
        stderr: expect.stringContaining("alert fired: writes > 0/s for 400ms clear <= 0/s (rate is "),
      });
    } finally {
      writing.kill();
    }
  });

  test.each([
    [["--alert", "opens > many"], "alert: column 9"],
    [["--check"], "check: there is no --alert"],
    [["--events", "close"], 'did you mean "closes"?'],
    [["--sum", "len"], "no counter of your own"],
    [["--live", "--once"], "cannot be used with"],
  ])("2 for %j", async (args, message) => {
    const { code, stderr } = await bpfkit("dashboard", ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  kernelTest(NEEDS, "--exec finds the alert in its environment", async () => {
    const { code, stderr } = await bpfkit(
      ...["dashboard", "-d", "600ms", "-i", "200ms", "--events", "syscalls", "--csv", "-q"],
      ...[
        "--alert",
        "syscalls > 0/s",
        "--shell",
        "--exec",
        'echo "$BPFKIT_STATE $BPFKIT_COUNTER $BPFKIT_LIMIT"',
      ],
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "fired syscalls 0\n" });
  });
});

/** What a server answers. */
function fetched(url: string): Promise<{ readonly status: number | undefined; readonly body: string }> {
  return new Promise((resolve, reject) => {
    get(url, async (response) => resolve({ status: response.statusCode, body: await text(response) })).on(
      "error",
      reject,
    );
  });
}

kernelTest(NEEDS, "--prometheus serves the totals until the end", async () => {
  const { child, ended, shows } = bpfkitStarted(
    ...["dashboard", "--once", "--events", "syscalls,read-bytes,unclosed", "--prometheus", "127.0.0.1:0"],
  );
  let stderr = "";
  child.stderr?.on("data", (data: string) => {
    stderr += data;
  });
  await shows("/metrics");
  const url = /http:\S+/.exec(stderr)?.[0] as string;
  const { status, body } = await fetched(url);
  expect(status).toBe(200);
  expect(body).toMatch(/^# TYPE bpfkit_syscalls_total counter\nbpfkit_syscalls_total \d+$/m);
  expect(body).toMatch(/^bpfkit_read_bytes_total \d+$/m);
  expect(body).toMatch(/^# TYPE bpfkit_unclosed_files gauge$/m);
  expect((await fetched(url.replace("metrics", ""))).status).toBe(404);
  child.kill("SIGINT");
  expect((await ended).code).toBe(0);
  await expect(fetched(url)).rejects.toMatchObject({ code: "ECONNREFUSED" });
});
