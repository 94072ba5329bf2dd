import { existsSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { FAKE, fakeStarted, started } from "./spawned";

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s ends with the final report and 0", async (signal) => {
  const { child, ended, shows } = fakeStarted("count", "--csv");
  await shows("ready");
  child.kill(signal);
  expect(await ended).toMatchObject({ code: 0, signal: null, stdout: "count\r\n1\r\n" });
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("a second %s ends at once", async (signal, code) => {
  const { child, ended, shows } = fakeStarted("count", "--csv", "--spin");
  await shows("ready");
  child.kill(signal);
  await shows("spinning");
  child.kill(signal);
  expect((await ended).code).toBe(code);
});

test("| head ends it quietly", async () => {
  const { child, ended, shows } = fakeStarted("count", "-i", "10ms", "--csv");
  await shows("1\r\n");
  child.stdout?.destroy();
  expect(await ended).toMatchObject({ code: 0, signal: null, stderr: "ready\n" });
});

describe("in a terminal", () => {
  /** The fake bpfkit on a terminal of its own, which `script` makes. */
  const inTerminal = (...args: string[]) => {
    const line = [process.execPath, FAKE, ...args].map((word) => `'${word}'`).join(" ");
    return started("script", ["-qec", `stty -echo; exec ${line}`, "/dev/null"], {
      TERM: "xterm",
      LANG: "C.UTF-8",
    });
  };
  const ENTER = "\x1b[?1049h";
  const LEAVE = "\x1b[?1049l";

  test("Ctrl-C gives the live screen back and leaves the last report", async () => {
    const { child, ended, shows } = inTerminal("count", "--live", "-i", "10ms");
    await shows("bpfkit  count");
    child.stdin?.write("\x03");
    const { code, stdout } = await ended;
    expect(code).toBe(0);
    expect(stdout.split(ENTER)).toHaveLength(2);
    expect(stdout.slice(stdout.indexOf(LEAVE))).toContain("COUNT");
  });

  test("so does a second Ctrl-C, at once", async () => {
    const { child, ended, shows } = inTerminal("count", "--live", "-i", "10ms", "--spin");
    await shows("bpfkit  count");
    child.stdin?.write("\x03");
    await shows("spinning");
    child.stdin?.write("\x03");
    const { code, stdout } = await ended;
    expect(code).toBe(130);
    expect(stdout).toContain(LEAVE);
  });

  test("a terminal that vanishes ends it", async () => {
    const { child, ended, shows } = inTerminal("count", "--live", "-i", "10ms", "-v");
    let pid = "";
    child.stdout?.on("data", (text: string) => {
      pid ||= /pid (\d+)\./.exec(text)?.[1] ?? "";
    });
    await shows("bpfkit  count");
    expect(existsSync(`/proc/${pid}/stat`)).toBe(true);
    child.kill("SIGKILL");
    await ended;
    while (existsSync(`/proc/${pid}/stat`)) await setTimeout(10);
  });

  test("Ctrl-C reaches the program once, bpfkit waits for it", async () => {
    const trap = 'trap "echo caught; exit 5" INT; echo up; while :; do sleep 0.05; done';
    const { child, ended, shows } = inTerminal("count", "--csv", "--", "sh", "-c", trap);
    await shows("up");
    child.stdin?.write("\x03");
    const { code, stdout } = await ended;
    expect(code).toBe(5);
    expect(stdout.match(/caught/g)).toHaveLength(1);
    expect(stdout).toMatch(/caught\s+count\s+1/);
  });
});
