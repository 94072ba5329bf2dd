/** Horizontal bars for `--chart`. */

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"] as const;

/** A bar of `share` (0 to 1) of `width` columns, exact to an eighth of a column; in ASCII to a whole one. */
export function bar(share: number, width: number, ascii = false): string {
  const clamped = share > 0 ? Math.min(share, 1) : 0;
  if (ascii) return "#".repeat(Math.round(clamped * width));
  const eighths = Math.round(clamped * width * 8);
  return "█".repeat(eighths >> 3) + (EIGHTHS[eighths & 7] ?? "");
}
