import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { UsageError } from "../../src/core/errors";
import { cached } from "../guests/cache";
import { readIfThere } from "../guests/exchange";
import { hostCommand } from "../guests/host-command";
import {
  type JestOutput,
  parseSkipLog,
  type SuiteResult,
  summarizeJest,
  unrunSuites,
} from "../guests/jest-results";
import { compiledTests, jestArguments, suiteArguments } from "../guests/jest-run";
import { runMain } from "../guests/main-program";
import { unpackNpmPackage } from "../guests/npm-packages";
import { codeCacheScript, projectFolder } from "../guests/project";
import { failedFiles, mended, withSecondRun } from "../guests/second-run";
import { isGood, resultCells, resultHeading, suiteReport, textTable, totals } from "../guests/summary";

const versions = ["22", "24"];
const suites = ["unit", "cli"];

interface NodeResult extends SuiteResult {
  /** As `node --version` says. */
  readonly version: string;
}

/** `npm run test:nodes [-- VERSION…] [-- TEST-FILTER]`: the unit and cli suites under newer versions of Node. */
async function main(signal: AbortSignal): Promise<number> {
  const args = process.argv.slice(2);
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  const wanted = args.slice(0, end);
  const unknown = wanted.find((version) => !/^\d+$/.test(version));
  if (unknown !== undefined)
    throw new UsageError(`Node version "${unknown}": not a number such as ${versions[0]}`);

  const results: NodeResult[] = [];
  for (const version of wanted.length > 0 ? wanted : versions) {
    const result = await testUnder(await nodeProgram(version), args.slice(end + 1), signal);
    process.stdout.write(`${suiteReport(`Node ${result.version}`, result)}\n`);
    results.push(result);
  }
  const rows = results.map((result) => [result.version, ...resultCells(result)]);
  process.stdout.write(`\n${textTable([["node", ...resultHeading], ...rows])}\n${totals(results)}\n`);
  return results.every(isGood) ? 0 : 1;
}

/** The node program of the newest release in a version line, from the cache or from npm. */
async function nodeProgram(version: string): Promise<string> {
  const spec = `node-linux-${process.arch}@${version}`;
  const log = (line: string) => process.stderr.write(`Node ${version}: ${line}\n`);
  const folder = await cached({
    name: `node-${version}`,
    recipe: { spec, layout: 1 },
    build: (target) => {
      log(`downloading ${spec}`);
      return unpackNpmPackage(spec, target);
    },
    log,
  });
  return join(folder, "bin", "node");
}

async function testUnder(node: string, filter: readonly string[], signal: AbortSignal): Promise<NodeResult> {
  const tests = compiledTests(suites);
  await hostCommand(node, [codeCacheScript]);
  const begun = Date.now();
  const first = await jestUnder(node, filter, tests, signal);
  const files = failedFiles(first.output);
  const second =
    files.length === 0 ? undefined : await jestUnder(node, ["--runTestsByPath", ...files], tests, signal);
  const testSeconds = (Date.now() - begun) / 1000;
  const output = second === undefined ? first.output : withSecondRun(first.output, second.output);
  const summary = summarizeJest(output, [...first.skipped, ...(second?.skipped ?? [])]);
  const faults = unrunSuites(output, tests, filter.length > 0);
  if (first.status !== 0 && files.length === 0 && faults.length === 0)
    faults.push(`Jest ended with status ${first.status}`);
  const version = (await hostCommand(node, ["--version"])).toString().trim();
  return { version, ...summary, again: mended(first.output, output), faults, testSeconds };
}

async function jestUnder(
  node: string,
  chosen: readonly string[],
  tests: ReturnType<typeof compiledTests>,
  signal: AbortSignal,
) {
  const folder = await mkdtemp(join(tmpdir(), "bpfkit-nodes-"));
  const outputFile = join(folder, "jest.json");
  const skipLog = join(folder, "skips.ndjson");
  try {
    // Programs that tests start by the name "node" are to be this one as well.
    const env = {
      ...process.env,
      PATH: `${dirname(node)}${delimiter}${process.env["PATH"]}`,
      BPFKIT_SKIP_LOG: skipLog,
      BPFKIT_JEST_RESULT: outputFile,
    };
    const status = await run(node, [...jestArguments, ...chosen, ...suiteArguments(tests)], env, signal);
    const json = await readIfThere(outputFile);
    if (json === undefined) throw new Error(`"${node}": Jest ended with status ${status} and left no result`);
    const output: JestOutput = JSON.parse(json);
    return { status, output, skipped: parseSkipLog((await readIfThere(skipLog)) ?? "") };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: projectFolder,
      env,
      signal,
      stdio: ["ignore", "ignore", "inherit"],
    });
    child.on("error", reject);
    child.on("exit", (status) => resolve(status ?? 1));
  });
}

runMain(main);
