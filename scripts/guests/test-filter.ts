import { sep } from "node:path";
import { UsageError } from "../../src/core/errors";

/** What stands behind the second `--`. */
export interface TestFilter {
  /** Of the paths of test files: one of them has to match. None: every file. */
  readonly patterns: readonly RegExp[];
  /** Handed to Jest as they are. */
  readonly options: readonly string[];
}

/** Options of Jest whose value is a word of its own. */
const TAKES_A_WORD = /^(-t|--testNamePattern)$/;

/** Understands `[PATTERN…] [-t NAME] [--OPTION=VALUE…]`. Throws a UsageError. */
export function parseTestFilter(words: readonly string[]): TestFilter {
  const patterns: RegExp[] = [];
  const options: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    if (!word.startsWith("-")) patterns.push(pattern(word));
    else if (!TAKES_A_WORD.test(word)) options.push(word);
    else if (at + 1 === words.length) throw new UsageError(`test filter: "${word}" needs a name`);
    else options.push(word, words[++at] as string);
  }
  return { patterns, options };
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw new UsageError(`test filter "${text}": not a regular expression`);
  }
}

/** The files of these suites that the filter lets through. Throws a UsageError where there are none. */
export function chosenFiles(
  suites: Readonly<Record<string, readonly string[]>>,
  { patterns }: TestFilter,
): string[] {
  const all = Object.values(suites).flat().sort();
  if (patterns.length === 0) return all;
  const chosen = all.filter((file) => patterns.some((each) => each.test(belowTest(file))));
  if (chosen.length === 0)
    throw new UsageError(`test filter "${patterns.map(({ source }) => source).join(" ")}": no file matches`);
  return chosen;
}

/** The path below the test folder: `kernel/maps.test.js`. */
export function belowTest(path: string): string {
  return path.split(`${sep}test${sep}`).at(-1) as string;
}
