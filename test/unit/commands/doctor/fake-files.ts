import type { Files } from "../../../../src/commands/doctor/reading";

/** Files with these texts; null is one that may not be read. */
export function fakeFiles(texts: Readonly<Record<string, string | null>>): Files {
  return {
    read(path) {
      const text = texts[path];
      if (typeof text === "string") return { text };
      const problem = text === null ? "not readable" : "absent";
      return { text: undefined, problem, message: `${path}: ${problem}` };
    },
    exists: (path) => path in texts,
  };
}
