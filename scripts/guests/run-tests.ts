import { join } from "node:path";
import { messageOf } from "../../src/core/errors";
import { boot, type PreparedGuest } from "./boot";
import { guestEnvironment } from "./environment";
import { createExchange, type Exchange, guestExchange, readIfThere } from "./exchange";
import { brokenGuest, type GuestResult } from "./guest-result";
import { parseSkipLog, summarizeJest, unexplainedSkips, unrunSuites } from "./jest-results";
import { compiledTests, jestArguments } from "./jest-run";
import { projectFolder } from "./project";

const guestSuites = ["kernel", "cli", "guests"];

/**
 * Files left out in guests. Symbols and the command lines of the younger commands are about user space alone, and
 * an emulated machine takes ten minutes for them. stack-profile has not passed in all guests yet: under emulation
 * samples come faster than they are read.
 */
const hostOnly = [
  "/kernel/symbols/",
  "/cli/(proc-count|trace-fn|dashboard)",
  "stack-profile",
  "profile-files",
];

function guestTests(): Record<string, string[]> {
  const left = new RegExp(hostOnly.join("|"));
  const tests = Object.entries(compiledTests(guestSuites));
  return Object.fromEntries(tests.map(([suite, files]) => [suite, files.filter((file) => !left.test(file))]));
}

export interface TestRunOptions {
  /** Handed to Jest as it is. */
  readonly filter: readonly string[];
  readonly memoryMiB: number;
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
  onOutput(text: string): void;
}

/** Runs the test suites in a guest. A guest that breaks gives a result with a fault; only a stop by signal throws. */
export async function runTests(guest: PreparedGuest, options: TestRunOptions): Promise<GuestResult> {
  const [jest, ...rest] = jestArguments(guestTests());
  const exchange = await createExchange({
    cwd: projectFolder,
    environment: {
      ...guestEnvironment(guest.kernel),
      BPFKIT_SKIP_LOG: `${guestExchange}/skips.ndjson`,
      BPFKIT_JEST_RESULT: `${guestExchange}/jest.json`,
    },
    // The filter comes first: an option that takes a list, as --roots does, would take what follows it too.
    // The emulated processor is some ten times slower; a time-out is there for hangs only.
    words: [
      ...["node", jest!, ...options.filter, "--testTimeout=300000"],
      ...["/node_modules/", ...hostOnly].map((pattern) => `--testPathIgnorePatterns=${pattern}`),
      ...rest,
    ],
  });
  try {
    return await runIn(exchange, guest, options);
  } catch (error) {
    if (options.signal.aborted) throw error;
    const release = (await readIfThere(join(exchange.folder, "release")))?.trim();
    return brokenGuest(guest.kernel, messageOf(error), release);
  } finally {
    await exchange.remove();
  }
}

async function runIn(
  exchange: Exchange,
  guest: PreparedGuest,
  options: TestRunOptions,
): Promise<GuestResult> {
  const print = (chunk: Buffer) => options.onOutput(chunk.toString());
  const end = await boot({ ...options, guest, exchange, onStdout: print, onStderr: print });
  const written = (name: string) => readIfThere(join(exchange.folder, name));
  const json = await written("jest.json");
  if (json === undefined) throw new Error(`Jest ended with status ${end.status} and left no result`);

  const output = JSON.parse(json);
  const summary = summarizeJest(output, parseSkipLog((await written("skips.ndjson")) ?? ""));
  const filtered = options.filter.length > 0;
  const faults = unrunSuites(output, guestTests(), filtered);
  // A filter by name makes Jest skip all the others.
  if (!filtered) faults.push(...unexplainedSkips(summary.skips));
  if (end.status !== 0 && summary.failures.length === 0 && faults.length === 0) {
    faults.push(`Jest ended with status ${end.status}`);
  }
  return {
    kernel: guest.kernel,
    release: (await written("release"))?.trim(),
    ...summary,
    faults,
    bootSeconds: end.bootSeconds,
    testSeconds: end.commandSeconds,
  };
}
