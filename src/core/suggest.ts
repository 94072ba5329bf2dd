/** The nearest spelling of a word that was not understood. */

/**
 * Edits that turn `a` into `b`: insert, delete, replace a letter, or swap two neighbours. Infinity if it takes more than
 * `limit`: most candidates are given up after a few letters, which matters among all functions of a kernel.
 */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let edits = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) edits = Math.min(edits, before[j - 2]! + 1);
      next.push(edits);
      if (edits < least) least = edits;
    }
    if (least > limit) return Number.POSITIVE_INFINITY;
    before = row;
    row = next;
  }
  return row[b.length]!;
}

/** Below three letters almost anything contains the word. */
const shortestPart = 3;

/**
 * How far off a candidate is, smaller is better; undefined if it is not worth suggesting. What is no better than `best`
 * may count as further off than it is.
 */
function score(word: string, candidate: string, best: number): number | undefined {
  const allowed = Math.max(1, Math.floor(word.length / 3));
  const edits = distance(word, candidate, Math.min(allowed, best));
  // Among equals, the one that begins the same way: people get the first letters right.
  if (edits <= allowed && edits < word.length) return candidate[0] === word[0] ? edits : edits + 0.5;
  const [short, long] = word.length < candidate.length ? [word, candidate] : [candidate, word];
  if (short.length < shortestPart || !long.includes(short)) return undefined;
  return allowed + (long.startsWith(short) ? 1 : 2) + (long.length - short.length) / long.length;
}

/** The candidate the word was probably meant to be, or undefined if none is reasonably close. Case does not count. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  let best: string | undefined;
  let bestScore = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const found = score(wanted, candidate.toLowerCase(), bestScore);
    if (found !== undefined && found < bestScore) [best, bestScore] = [candidate, found];
  }
  return best;
}

/** `did you mean "x"?` for the nearest candidate, fit for an error's hint; undefined if there is none. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const found = nearest(word, candidates);
  return found === undefined ? undefined : `did you mean "${found}"?`;
}
