/** A command line as one would type it. */

const PLAIN = /^[\w@%+=:,./[\]-]+$/;

/** The words in one line; those with blanks or signs of the shell's are quoted. `…` marks what was cut. */
export function commandLineText(words: readonly string[], isCut = false): string {
  return words.map((word) => (PLAIN.test(word) ? word : quoted(word))).join(" ") + (isCut ? "…" : "");
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
