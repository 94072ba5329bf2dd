import { readdirSync } from "node:fs";
import { join } from "node:path";
import { buildFolder, projectFolder } from "./project";

/** The compiled test files of suites, by the suite's name, which is its folder below `test`. */
export function compiledTests(
  suites: readonly string[],
  folder = join(buildFolder, "test"),
): Record<string, string[]> {
  return Object.fromEntries(suites.map((suite) => [suite, testsBelow(join(folder, suite))]));
}

/** Jest's arguments for node; what is to run comes after them. BPFKIT_JEST_RESULT names the file for the result. */
export const jestArguments: readonly string[] = [
  join(projectFolder, "node_modules", "jest", "bin", "jest.js"),
  ...["--runInBand", "--ci"],
  ...["default", join(buildFolder, "scripts", "guests", "jest-reporter.js")].map(
    (name) => `--reporters=${name}`,
  ),
];

/** Jest's arguments for all files of these suites, one after the other. */
export function suiteArguments(tests: Readonly<Record<string, readonly string[]>>): string[] {
  const folders = Object.keys(tests).filter((suite) => tests[suite]!.length > 0);
  return folders.map((suite) => `--roots=${join(buildFolder, "test", suite)}`);
}

/** The test file that holds those which BPFKIT_TEST_FILES lists. */
export const togetherFile = join(buildFolder, "test", "guests", "together.js");

function testsBelow(folder: string): string[] {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
    return names.filter((name) => name.endsWith(".test.js")).map((name) => join(folder, name));
  } catch {
    return [];
  }
}
