import { join } from "node:path";
import { messageOf } from "../../src/core/errors";
import { boot, type GuestEnd, type PreparedGuest } from "./boot";
import { guestEnvironment } from "./environment";
import { createExchange, type Exchange, guestExchange, readIfThere } from "./exchange";
import { brokenGuest, type GuestResult } from "./guest-result";
import {
  type JestOutput,
  parseSkipLog,
  type SkipRecord,
  summarizeJest,
  unexplainedSkips,
  unrunSuites,
} from "./jest-results";
import { compiledTests, jestArguments, togetherFile } from "./jest-run";
import type { GuestKernel } from "./kernels";
import { codeCacheScript, projectFolder } from "./project";
import { failedFiles, mended, withSecondRun } from "./second-run";
import { chosenFiles, parseTestFilter, type TestFilter } from "./test-filter";

const guestSuites = ["kernel", "cli", "guests"];

/**
 * What a whole run leaves out, and a filter may name; an emulated machine takes half an hour for it. Of the command lines
 * one is enough to see each kernel end programs in every way. Names and stacks of programs are made in user space; what
 * copies them, and where a kernel has them begin, runs everywhere. The library's examples are read more than run.
 */
const onlyByName = [
  /\/cli\/(?!syscall-top\.)/,
  /\/kernel\/stack-profile\/(?!kernel-events\.)/,
  /\/kernel\/symbols\/user-symbols\./,
  /\/kernel\/library\//,
];

/**
 * What a whole run leaves out where the twin runs it: an older and a newer kernel have this processor, another processor has
 * this kernel, and neither kernel's way to attach programs is in it.
 */
const onlyOnTwin = [
  /\/kernel\/(asm|proc-count|syscall-top|symbols)\//,
  /\/kernel\/btf\./,
  /\/kernel\/trace-fn\/(filters|flag-tables|namespaces|syscalls)\./,
];

/** What is to run. */
export interface Selection extends TestFilter {
  readonly suites: Readonly<Record<string, readonly string[]>>;
  readonly files: readonly string[];
}

/** What the words behind the second `--` select in a guest. Throws a UsageError. */
export function selection(words: readonly string[], { twin }: Pick<GuestKernel, "twin">): Selection {
  const filter = parseTestFilter(words);
  const all = Object.entries(compiledTests(guestSuites));
  const left = twin === undefined ? onlyByName : [...onlyByName, ...onlyOnTwin];
  const usual = (file: string) => filter.patterns.length > 0 || !left.some((each) => each.test(file));
  const suites = Object.fromEntries(all.map(([suite, files]) => [suite, files.filter(usual)]));
  return { ...filter, suites, files: chosenFiles(suites, filter) };
}

export interface TestRunOptions {
  readonly selection: Selection;
  readonly memoryMiB: number;
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
  onOutput(text: string): void;
}

/** What a guest that did not break brought back. */
interface GuestRun {
  readonly output: JestOutput;
  readonly skipped: readonly SkipRecord[];
  readonly release: string | undefined;
  readonly end: GuestEnd;
}

/** A guest's result, and what to do to have a better one. */
export interface TestRun {
  readonly result: GuestResult;
  /** Runs what failed once more, in a guest of its own; absent where nothing did. */
  readonly again?: () => Promise<GuestResult>;
}

/** Runs the test suites in a guest. A guest that breaks gives a result with a fault; only a stop by signal throws. */
export async function runTests(guest: PreparedGuest, options: TestRunOptions): Promise<TestRun> {
  const first = await tryRun(guest, options, options.selection.files);
  // A guest that broke left no word of what it had done so far.
  if (!("output" in first))
    return { result: first, again: async () => (await runTests(guest, options)).result };
  const files = failedFiles(first.output);
  const result = resultOf(guest, first, options);
  if (files.length === 0) return { result };
  return { result, again: () => runAgain(guest, first, files, options) };
}

async function runAgain(
  guest: PreparedGuest,
  first: GuestRun,
  files: readonly string[],
  options: TestRunOptions,
): Promise<GuestResult> {
  const second = await tryRun(guest, options, files);
  if (!("output" in second)) return { ...resultOf(guest, first, options), faults: second.faults };
  const output = withSecondRun(first.output, second.output);
  const skipped = [...first.skipped, ...second.skipped];
  // Both runs' tests tell how it went, not the status of either.
  const end = { ...second.end, status: 0 };
  const result = resultOf(guest, { ...second, output, skipped, end }, options);
  const testSeconds = first.end.commandSeconds + second.end.commandSeconds;
  return { ...result, testSeconds, again: mended(first.output, output) };
}

async function tryRun(
  guest: PreparedGuest,
  options: TestRunOptions,
  files: readonly string[],
): Promise<GuestRun | GuestResult> {
  const exchange = await createExchange({
    cwd: projectFolder,
    environment: {
      ...guestEnvironment(guest.kernel),
      BPFKIT_SKIP_LOG: `${guestExchange}/skips.ndjson`,
      BPFKIT_JEST_RESULT: `${guestExchange}/jest.json`,
      BPFKIT_TEST_FILES: JSON.stringify(files),
    },
    // The emulated processor is some ten times slower; a time-out is there for hangs only.
    words: [
      // Node of another architecture compiles for itself.
      ...(guest.foreign ? ["sh", "-c", 'node "$0" >/dev/null && exec "$@"', codeCacheScript] : []),
      ...["node", ...jestArguments, ...options.selection.options, "--testTimeout=300000"],
      ...["--testMatch", togetherFile],
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

async function runIn(exchange: Exchange, guest: PreparedGuest, options: TestRunOptions): Promise<GuestRun> {
  const print = (chunk: Buffer) => options.onOutput(chunk.toString());
  const end = await boot({ ...options, guest, exchange, onStdout: print, onStderr: print });
  const written = (name: string) => readIfThere(join(exchange.folder, name));
  const json = await written("jest.json");
  if (json === undefined) throw new Error(`Jest ended with status ${end.status} and left no result`);
  const skipped = parseSkipLog((await written("skips.ndjson")) ?? "");
  return { output: JSON.parse(json), skipped, release: (await written("release"))?.trim(), end };
}

function resultOf(
  { kernel }: PreparedGuest,
  { output, skipped, release, end }: GuestRun,
  { selection: { suites, files, options } }: TestRunOptions,
): GuestResult {
  const summary = summarizeJest(output, skipped);
  const filtered = options.length > 0 || files.length < Object.values(suites).flat().length;
  const faults = unrunSuites(output, suites, filtered);
  // A filter by name makes Jest skip all the others.
  if (!filtered) faults.push(...unexplainedSkips(summary.skips));
  if (end.status !== 0 && summary.failures.length === 0 && faults.length === 0) {
    faults.push(`Jest ended with status ${end.status}`);
  }
  const { bootSeconds, commandSeconds: testSeconds } = end;
  return { kernel, release, ...summary, again: [], faults, bootSeconds, testSeconds };
}
