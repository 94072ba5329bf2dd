/** How many terminal columns a text takes, and cutting it to a number of columns. */

// Unicode's East Asian Width W and F outside the emoji, as inclusive ranges in ascending order.
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0xa4c6],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6b],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18cff],
  [0x1aff0, 0x1b2fb],
  [0x1f200, 0x1f265],
  [0x20000, 0x3fffd],
];
/** ASCII, the ellipsis, lines and blocks, such as of a sparkline: a column each, whatever stands beside them. */
const SIMPLE = /^[ -~\u2026\u2500-\u259f]*$/;
const INVISIBLE = /^[\p{Mark}\p{Cf}\p{Cc}]/u;
// An emoji by itself, or a sign turned into one by variation selector 16.
const EMOJI = /^\p{Emoji_Presentation}|\ufe0f/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: an SGR sequence starts with ESC
const STYLE = /(\x1b\[[0-9;]*m)/;

let segmenter: Intl.Segmenter | undefined;

/** The terminal columns `text` takes: 2 for CJK and emoji, 0 for what combines. `text` holds no escapes. */
export function displayWidth(text: string): number {
  if (SIMPLE.test(text)) return text.length;
  let width = 0;
  for (const cluster of clusters(text)) width += clusterWidth(cluster);
  return width;
}

/** `text` in at most `width` columns; `mark` stands for what was cut off at the named end. */
export function truncate(text: string, width: number, mark = "…", end: "start" | "end" = "end"): string {
  if (displayWidth(text) <= width) return text;
  const room = width - displayWidth(mark);
  if (room < 0) return "";
  const parts = SIMPLE.test(text) ? [...text] : clusters(text);
  if (end === "start") parts.reverse();
  const kept: string[] = [];
  let used = 0;
  for (const part of parts) {
    used += clusterWidth(part);
    if (used > room) break;
    kept.push(part);
  }
  return end === "end" ? kept.join("") + mark : mark + kept.reverse().join("");
}

/** `text` filled with spaces to `width` columns. */
export function pad(text: string, width: number, align: "left" | "right" = "left"): string {
  const fill = " ".repeat(Math.max(0, width - displayWidth(text)));
  return align === "right" ? fill + text : text + fill;
}

/** A line that may hold colours, cut to `width` columns; the colours stay balanced. */
export function clip(line: string, width: number): string {
  let room = width;
  let clipped = "";
  for (const part of line.split(STYLE)) {
    if (part.startsWith("\x1b")) {
      clipped += part;
      continue;
    }
    const text = truncate(part, room, "");
    clipped += text;
    room = text === part ? room - displayWidth(text) : 0;
  }
  return clipped;
}

function clusters(text: string): string[] {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  return Array.from(segmenter.segment(text), (part) => part.segment);
}

function clusterWidth(cluster: string): number {
  if (INVISIBLE.test(cluster)) return 0;
  return EMOJI.test(cluster) || isWide(cluster.codePointAt(0) ?? 0) ? 2 : 1;
}

function isWide(point: number): boolean {
  return point >= 0x1100 && WIDE.some(([first, last]) => point >= first && point <= last);
}
