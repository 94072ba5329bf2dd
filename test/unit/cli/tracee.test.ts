import { EventEmitter } from "node:events";
import { type Spawn, TraceeProcess } from "../../../src/cli/tracee";

/** A child that does what the test says. */
class FakeChild extends EventEmitter {
  readonly pid = 77;
  readonly killed: string[] = [];
  kill(signal: string): void {
    this.killed.push(signal);
  }
}

function set() {
  const child = new FakeChild();
  const calls: unknown[][] = [];
  const spawn = (...args: unknown[]) => {
    calls.push(args);
    return child;
  };
  return { child, calls, tracee: new TraceeProcess(["sh", "-c", "true"], "/bin", spawn as unknown as Spawn) };
}

test("nothing is started before start", () => {
  const { calls, child, tracee } = set();
  tracee.kill("SIGTERM");
  expect({ calls, killed: child.killed, running: tracee.running }).toEqual({
    calls: [],
    killed: [],
    running: false,
  });
});

test("it is started once, by its whole path and under the name that was typed", () => {
  const { calls, tracee } = set();
  expect(tracee.start()).toBe(77);
  expect(calls).toEqual([["/bin/sh", ["-c", "true"], { stdio: "inherit", argv0: "sh" }]]);
  expect(() => tracee.start()).toThrow("the tracee is started already");
});

test.each([
  ["a code", [3, null], 3],
  ["a signal", [null, "SIGTERM"], 143],
])("its end by %s", async (_name, args, status) => {
  const { child, tracee } = set();
  tracee.start();
  tracee.kill("SIGINT");
  expect(tracee.running).toBe(true);
  child.emit("exit", ...args);
  await tracee.ended;
  tracee.kill("SIGINT");
  expect({ killed: child.killed, running: tracee.running, status: tracee.status }).toEqual({
    killed: ["SIGINT"],
    running: false,
    status,
  });
});

test("a start that fails", async () => {
  const { child, tracee } = set();
  tracee.start();
  child.emit("error", Object.assign(new Error("spawn"), { code: "EAGAIN" }));
  await expect(tracee.ended).rejects.toMatchObject({ message: 'start "/bin/sh": EAGAIN', hint: undefined });
});
