import type { Context } from "../../../src/commands/context";
import { CapturedOutput } from "../../../src/output/capture";
import { fakeClock } from "./fake-clock";
import { fakeMachine } from "./fake-machine";

/** A context that keeps what a command says; time passes only while the command sleeps. */
export function fakeContext(given: Partial<Context> = {}) {
  const output = new CapturedOutput();
  const printed: string[] = [];
  const notices: string[] = [];
  const details: string[] = [];
  const ending = new AbortController();
  const missing = (what: string) => () => {
    throw new Error(`the test gives no ${what}`);
  };
  const context: Context = {
    kernel: missing("kernel"),
    facts: missing("facts"),
    output,
    print: async (text) => {
      printed.push(typeof text === "string" ? text : Buffer.from(text).toString());
    },
    format: "table",
    signal: ending.signal,
    clock: fakeClock().clock,
    machine: fakeMachine,
    tracee: undefined,
    notice: (text) => notices.push(text),
    detail: (text) => details.push(text),
    verbosity: 0,
    pid: 4242,
    version: "1.2.3",
    ...given,
  };
  return { context, output, printed, notices, details, end: () => ending.abort() };
}
