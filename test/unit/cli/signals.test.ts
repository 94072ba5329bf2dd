import { EventEmitter } from "node:events";
import { Interruption, isForeground, type SignalSource } from "../../../src/cli/signals";

/** A process that takes down how it was ended. */
class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

function set(tracee?: { running: boolean }, foreground = true) {
  const fake = new FakeProcess();
  const killed: string[] = [];
  const target = tracee && { ...tracee, kill: (name: string) => killed.push(name) };
  const interruption = new Interruption(fake as unknown as SignalSource, target as never, () => foreground);
  const send = (name: string) => fake.emit(name, name);
  return { fake, killed, interruption, send };
}

describe("alone", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ])("%s aborts, a second one ends at once", (name, code) => {
    const { fake, interruption, send } = set();
    expect(interruption.signal.aborted).toBe(false);
    send(name);
    expect(interruption.signal.aborted).toBe(true);
    expect(fake.exits).toEqual([]);
    send(name);
    expect(fake.exits).toEqual([code]);
  });

  test("two different ones count as two", () => {
    const { fake, send } = set();
    send("SIGINT");
    send("SIGTERM");
    expect(fake.exits).toEqual([143]);
  });

  test("disposed, it leaves signals to others", () => {
    const { fake, interruption } = set();
    interruption[Symbol.dispose]();
    expect(fake.eventNames()).toEqual([]);
  });
});

describe("with a running tracee the first signal is the tracee's", () => {
  test.each([
    ["Ctrl-C, which it got from the terminal", "SIGINT", true, []],
    ["SIGINT out of the background", "SIGINT", false, ["SIGINT"]],
    ["SIGTERM", "SIGTERM", true, ["SIGTERM"]],
    ["SIGHUP", "SIGHUP", true, ["SIGHUP"]],
  ])("%s", (_name, signal, foreground, passedOn) => {
    const { fake, killed, interruption, send } = set({ running: true }, foreground);
    send(signal);
    expect(killed).toEqual(passedOn);
    expect(interruption.signal.aborted).toBe(false);
    send(signal);
    expect(fake.exits).toHaveLength(1);
  });

  test("one that has ended gets nothing", () => {
    const { killed, interruption, send } = set({ running: false });
    send("SIGTERM");
    expect(killed).toEqual([]);
    expect(interruption.signal.aborted).toBe(true);
  });
});

describe("isForeground", () => {
  test.each([
    ["the terminal's group", "12 (node) S 1 12 12 34816 12 4194304", true],
    ["another group", "12 (node) S 1 12 12 34816 99 4194304", false],
    ["no terminal", "12 (node) S 1 12 12 0 -1 4194304", false],
    ["a wild name", "12 (a) b (c) S 1 12 12 34816 12 4194304", true],
    ["nothing to read", "", false],
  ])("%s", (_name, stat, foreground) => expect(isForeground(stat)).toBe(foreground));
});
