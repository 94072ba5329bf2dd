import { messageOf } from "../../src/core/errors";
import { parseTestArguments, type TestArguments } from "./arguments";
import { prepareGuest } from "./boot";
import { brokenGuest, type GuestResult } from "./guest-result";
import { requireHostTools } from "./host-tools";
import type { GuestKernel } from "./kernels";
import { runMain } from "./main-program";
import { runTests } from "./run-tests";
import { guestSummary, isGood, suiteReport } from "./summary";

const defaultTimeoutSeconds = 2700;

/** `npm run test:guests [-- KERNEL…] [-- TEST-FILTER]`: the test suites inside other kernels. */
async function main(signal: AbortSignal): Promise<number> {
  const options = parseTestArguments(process.argv.slice(2));
  requireHostTools(options.kernels.map((kernel) => kernel.architecture));
  const results: (GuestResult | undefined)[] = options.kernels.map(() => undefined);
  const waiting = [...options.kernels.entries()];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, kernel] = next;
      const result = await testKernel(kernel, options, signal);
      results[index] = result;
      process.stdout.write(`${suiteReport(`guest ${kernel.name}`, result)}\n`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.jobs, waiting.length) }, worker));
  const finished = results.filter((result) => result !== undefined);
  process.stdout.write(`\n${guestSummary(finished)}\n`);
  return finished.every(isGood) ? 0 : 1;
}

async function testKernel(
  kernel: GuestKernel,
  options: TestArguments,
  signal: AbortSignal,
): Promise<GuestResult> {
  const print = prefixed(`${kernel.name} | `);
  const log = (line: string) => print(`${line}\n`);
  try {
    const guest = await prepareGuest(kernel, log);
    log("booting");
    return await runTests(guest, {
      filter: options.filter,
      memoryMiB: options.memoryMiB,
      timeoutSeconds: options.timeoutSeconds ?? defaultTimeoutSeconds,
      signal,
      onOutput: print,
    });
  } catch (error) {
    if (signal.aborted) throw error;
    const { hint } = error as { hint?: string };
    const fault = hint ? `${messageOf(error)}\nhint: ${hint}` : messageOf(error);
    return brokenGuest(kernel, fault);
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
