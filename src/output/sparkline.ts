/** A course of values in one line. */

const BLOCKS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const LETTERS = ["_", ".", "-", "=", "+", "*", "%", "#"];

/**
 * The values in at most `width` columns, the latest at the right end: the lowest block is 0, the highest the largest
 * value. What is longer is drawn together, each column showing its highest value.
 */
export function sparkline(values: readonly number[], width: number, ascii: boolean): string {
  const each = Math.ceil(values.length / width);
  const columns: number[] = [];
  for (let end = values.length; end > 0; end -= each)
    columns.unshift(Math.max(...values.slice(Math.max(0, end - each), end)));
  const largest = Math.max(...columns, 0);
  const blocks = ascii ? LETTERS : BLOCKS;
  return columns
    .map((value) => {
      const share = largest > 0 ? Math.max(0, value) / largest : 0;
      return blocks[Math.round(share * (blocks.length - 1))];
    })
    .join("");
}
