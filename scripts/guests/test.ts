import { messageOf } from "../../src/core/errors";
import { parseTestArguments, type TestArguments } from "./arguments";
import { prepareGuest } from "./boot";
import { brokenGuest, type GuestResult } from "./guest-result";
import { requireHostTools } from "./host-tools";
import type { GuestKernel } from "./kernels";
import { runMain } from "./main-program";
import { runTests, type Selection, selection, type TestRun } from "./run-tests";
import { guestSummary, isGood, suiteReport } from "./summary";

const defaultTimeoutSeconds = 3600;

/** `npm run test:guests [-- KERNEL…] [-- TEST-FILTER]`: the test suites inside other kernels. */
async function main(signal: AbortSignal): Promise<number> {
  const options = parseTestArguments(process.argv.slice(2));
  const selected = options.kernels.map((kernel) => selection(options.filter, kernel));
  requireHostTools(options.kernels.map((kernel) => kernel.architecture));
  const runs: (TestRun | undefined)[] = options.kernels.map(() => undefined);
  // What takes longest begins first, so that none is left alone at the end.
  const waiting = [...options.kernels.entries()].sort(([, a], [, b]) => effort(b) - effort(a));
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, kernel] = next;
      const run = await testKernel(kernel, options, selected[index]!, signal);
      runs[index] = run;
      report(run.result);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.jobs, waiting.length) }, worker));
  const results: GuestResult[] = [];
  // One after the other, with nothing beside them.
  for (const run of runs.filter((one) => one !== undefined)) {
    const result = (await run.again?.()) ?? run.result;
    if (run.again !== undefined) report(result);
    results.push(result);
  }
  process.stdout.write(`\n${guestSummary(results)}\n`);
  return results.every(isGood) ? 0 : 1;
}

/** How long a guest takes, roughly: another processor's instructions are slow, a twin has half of the work. */
function effort({ architecture, twin }: GuestKernel): number {
  if (twin !== undefined) return 1;
  return architecture === "amd64" ? 2 : 3;
}

function report(result: GuestResult): void {
  process.stdout.write(`${suiteReport(`guest ${result.kernel.name}`, result)}\n`);
}

async function testKernel(
  kernel: GuestKernel,
  options: TestArguments,
  selected: Selection,
  signal: AbortSignal,
): Promise<TestRun> {
  const print = prefixed(`${kernel.name} | `);
  const log = (line: string) => print(`${line}\n`);
  try {
    const guest = await prepareGuest(kernel, log);
    log("booting");
    return await runTests(guest, {
      selection: selected,
      memoryMiB: options.memoryMiB,
      timeoutSeconds: options.timeoutSeconds ?? defaultTimeoutSeconds,
      signal,
      onOutput: print,
    });
  } catch (error) {
    if (signal.aborted) throw error;
    const { hint } = error as { hint?: string };
    const fault = hint ? `${messageOf(error)}\nhint: ${hint}` : messageOf(error);
    return { result: brokenGuest(kernel, fault) };
  }
}

/** Guests run side by side: every line of their output says whose it is. */
function prefixed(prefix: string): (text: string) => void {
  let rest = "";
  return (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) process.stderr.write(`${prefix}${line}\n`);
  };
}

runMain(main);
