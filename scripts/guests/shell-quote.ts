/** A word that a POSIX shell reads back as exactly `text`. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A shell command line that runs a program with these arguments. */
export function shellCommand(words: readonly string[]): string {
  return words.map(shellQuote).join(" ");
}
