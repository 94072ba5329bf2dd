/**
 * A flame graph as one SVG file. It is a complete picture by itself, 1200 pixels wide; a browser also runs the script
 * inside, which fits it to the window and makes it answer.
 */
import { truncate } from "../width";
import { FOUND } from "./frame-colors";
import { escaped } from "./markup";
import type { Box, Picture, PictureLimits } from "./picture";
import { animateSvg, type SvgLayout } from "./svg-script";

/** What browsers draw and search without delay, and what is still readable by scrolling. */
export const svgLimits: PictureLimits = { boxes: 20_000, depth: 1000 };

const WIDTH = 1200;
const PAD = 10;
const ROW = 18;
/** Title, subtitle, search box, details. */
const HEAD = 108;
const LINE = 18;
/** Of 12 px in the usual monospaced fonts; a browser measures its own. */
const CHARACTER = 7.3;

const STYLE = `
svg { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; background: #fff; }
text { fill: #20242c; }
#title { font: 600 17px system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
.quiet, #details { fill: #5b6472; }
#matched { text-anchor: end; fill: #8a3fb0; font-weight: 600; }
#frames g { cursor: pointer; }
#frames text { pointer-events: none; fill: #1d1f24; }
#frames rect { rx: 1.5px; }
#frames g:hover rect { stroke: #20242c; stroke-width: 1; }
#frames .above { opacity: .55; }
.searched g { opacity: .5; }
.searched g.hit { opacity: 1; }
.searched .hit rect { fill: ${FOUND}; }
#panel div { display: flex; gap: 8px; height: 28px; }
#panel input, #panel button { font: 13px system-ui, sans-serif; padding: 2px 10px; border: 1px solid #c3c9d4;
  border-radius: 6px; background: #fff; color: #20242c; }
#panel input { flex: 1 1 auto; min-width: 0; max-width: 360px; }
#panel button { flex: none; cursor: pointer; }
#panel button:hover { background: #eef1f6; }
#panel button.off { opacity: .45; }
@media (prefers-color-scheme: dark) {
  svg { background: #16181d; }
  text { fill: #e4e7ec; }
  .quiet, #details { fill: #9aa3b2; }
  #matched { fill: #d9a5ef; }
  #frames g:hover rect { stroke: #fff; }
  #panel input, #panel button { background: #22262e; color: #e4e7ec; border-color: #444b57; }
}`;

/** The SVG in pieces. */
export function* svgFlameGraph(picture: Picture): Iterable<string> {
  const { title, subtitle, boxes, depth, legend, notes, origin } = picture;
  const layout: SvgLayout = { rowHeight: ROW, pad: PAD, top: HEAD, depth };
  const foot = HEAD + (depth + 1) * ROW + 26;
  const lines = notes.flatMap((note) => wrapped(note, 78));
  const height = foot + (lines.length + 2) * LINE;
  yield `<?xml version="1.0" encoding="UTF-8"?>\n`;
  yield `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}">\n`;
  yield `<title>${escaped(title)}</title>\n<style>${STYLE}\n</style>\n`;
  yield `<text id="title" x="${PAD}" y="26">${escaped(title)}</text>\n`;
  yield `<text id="subtitle" class="quiet" x="${PAD}" y="46">${escaped(subtitle)}</text>\n`;
  yield `<foreignObject id="panel" x="${PAD}" y="56" width="${WIDTH - 2 * PAD}" height="30"/>\n`;
  yield `<text id="details" x="${PAD}" y="101"/><text id="matched" x="${WIDTH - PAD}" y="101"/>\n`;
  yield `<g id="frames">\n`;
  const scale = (WIDTH - 2 * PAD) / (boxes[0]?.total || 1);
  for (const box of boxes) yield boxSvg(box, scale, HEAD + (depth - box.depth) * ROW);
  yield "</g>\n";
  yield* legendSvg(legend, foot);
  for (const [at, line] of lines.entries())
    yield `<text class="quiet" x="${PAD}" y="${foot + (at + 1) * LINE + 6}">${escaped(line)}</text>\n`;
  yield `<text class="quiet" x="${PAD}" y="${foot + (lines.length + 1) * LINE + 6}">${escaped(origin)}</text>\n`;
  yield `<script><![CDATA[\n(${animateSvg})(document, window, ${JSON.stringify(layout)});\n]]></script>\n</svg>\n`;
}

function boxSvg({ name, details, color, depth, start, total }: Box, scale: number, y: number): string {
  const x = PAD + start * scale;
  const width = total * scale;
  const text = truncate(name, Math.floor((width - 6) / CHARACTER));
  const label =
    width < 3 * CHARACTER ? "" : `<text x="${(x + 3).toFixed(2)}" y="${y + ROW - 5}">${escaped(text)}</text>`;
  return (
    `<g data-at="${start} ${total} ${depth}"><title>${escaped(name)}\n${escaped(details)}</title>` +
    `<rect x="${x.toFixed(2)}" y="${y}" width="${drawnWidth(width).toFixed(2)}" height="${ROW - 1}" fill="${color}"/>` +
    `${label}</g>\n`
  );
}

/** A little less, so that neighbours can be told apart; the narrowest are still seen. */
function drawnWidth(width: number): number {
  return width > 3 ? width - 0.7 : Math.max(width, 0.1);
}

function* legendSvg(legend: Picture["legend"], y: number): Iterable<string> {
  let x = PAD;
  for (const { title, color } of legend) {
    yield `<rect x="${x}" y="${y - 9}" width="11" height="11" rx="2" fill="${color}"/>`;
    yield `<text class="quiet" x="${x + 16}" y="${y}">${escaped(title)}</text>\n`;
    x += 16 + Math.ceil(title.length * CHARACTER) + 18;
  }
}

/** A sentence in lines of at most `width` characters, broken between words. */
function wrapped(sentence: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of sentence.split(" ")) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(truncate(word, width));
  }
  return lines;
}
