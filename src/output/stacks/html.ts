/**
 * A flame graph as one HTML page with d3-flame-graph in it. It opens from disk and asks the network for nothing, which
 * its own content security policy holds it to.
 */
import { browserLibraries } from "./browser-libraries";
import { FOUND } from "./frame-colors";
import { animateHtml, type HtmlBoxes } from "./html-script";
import { escaped, scriptJson } from "./markup";
import type { Picture, PictureLimits } from "./picture";

/** d3-flame-graph walks the whole tree at every click, and by recursion when it searches. */
export const htmlLimits: PictureLimits = { boxes: 40_000, depth: 1000 };

const POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'";

const STYLE = `
:root { color-scheme: light dark; --back: #fff; --ink: #20242c; --quiet: #5b6472; --line: #c3c9d4; --hover: #eef1f6;
  --found: #8a3fb0; }
@media (prefers-color-scheme: dark) { :root { --back: #16181d; --ink: #e4e7ec; --quiet: #9aa3b2; --line: #444b57;
  --hover: #2b303a; --found: #d9a5ef; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 14px/1.45 system-ui, "Segoe UI", "Helvetica Neue",
  Arial, sans-serif; }
header { position: sticky; top: 0; z-index: 5; padding: 10px 12px 6px; background: var(--back);
  border-bottom: 1px solid var(--line); }
h1 { font-size: 17px; margin: 0; overflow-wrap: anywhere; }
.quiet { color: var(--quiet); }
.bar { display: flex; gap: 8px; margin: 8px 0 6px; align-items: center; }
input, button { font: inherit; padding: 3px 10px; border: 1px solid var(--line); border-radius: 6px;
  background: var(--back); color: inherit; }
input { flex: 1 1 auto; min-width: 0; max-width: 360px; }
button { flex: none; cursor: pointer; }
button:hover { background: var(--hover); }
button.off { opacity: .45; }
#matched { color: var(--found); font-weight: 600; margin-left: auto; white-space: nowrap; }
#details { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; height: 1.5em;
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis; color: var(--quiet); }
#chart { margin: 8px 12px 0; }
.d3-flame-graph rect { stroke: var(--back); stroke-width: .5; fill-opacity: 1; rx: 1.5px; }
.d3-flame-graph rect:hover { stroke: var(--ink); stroke-width: 1; }
.d3-flame-graph .title { display: none; }
.d3-flame-graph-label { font: 12px/20px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  color: #1d1f24; }
.searched .frame rect:not([fill="${FOUND}"]) { opacity: .5; }
footer { padding: 4px 12px 16px; }
footer p { margin: 4px 0; overflow-wrap: anywhere; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 6px 0 10px; padding: 0; list-style: none; }
.legend i { display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin-right: 6px; }`;

/** The page in pieces. */
export function* htmlFlameGraph(picture: Picture): Iterable<string> {
  const { title, subtitle, legend, notes, origin } = picture;
  yield `<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n`;
  yield `<meta http-equiv="Content-Security-Policy" content="${POLICY}">\n`;
  yield `<meta name="viewport" content="width=device-width, initial-scale=1">\n`;
  yield `<meta name="generator" content="${escaped(origin)}">\n<title>${escaped(title)}</title>\n`;
  for (const { notice, code } of browserLibraries()) yield `<script>/*\n${notice}*/\n${code}\n</script>\n`;
  // After the libraries, one of which brings a style sheet of its own.
  yield `</head>\n<body>\n<style>${STYLE}\n</style>\n<header>\n<h1>${escaped(title)}</h1>\n`;
  yield `<div class="quiet">${escaped(subtitle)}</div>\n<div class="bar">`;
  yield `<input id="search" type="search" placeholder="Search (regular expression)" aria-label="Search">`;
  yield `<button id="reset" class="off">Reset zoom</button><button id="icicle">Icicle</button>`;
  yield `<span id="matched"></span></div>\n`;
  yield `<div id="details">Click a frame to enlarge it; Esc to reset, / to search.</div>\n</header>\n`;
  yield `<main id="chart"></main>\n<footer>\n<ul class="legend">`;
  for (const { title, color } of legend)
    yield `<li><i style="background:${color}"></i>${escaped(title)}</li>`;
  yield "</ul>\n";
  for (const note of notes) yield `<p>${escaped(note)}</p>\n`;
  yield `<p class="quiet">${escaped(origin)}</p>\n</footer>\n`;
  yield `<script type="application/json" id="boxes">${scriptJson(columns(picture))}</script>\n`;
  yield `<script>\n(${animateHtml})(document, window, window, "${FOUND}");\n</script>\n</body>\n</html>\n`;
}

/** The boxes as columns, equal texts once. */
function columns({ boxes }: Picture): HtmlBoxes {
  const names = interned(boxes.map(({ name }) => name));
  const details = interned(boxes.map(({ details }) => details));
  const colors = interned(boxes.map(({ color }) => color));
  return {
    names: names.texts,
    details: details.texts,
    colors: colors.texts,
    name: names.places,
    detail: details.places,
    color: colors.places,
    depth: boxes.map(({ depth }) => depth),
    total: boxes.map(({ total }) => total),
  };
}

function interned(texts: readonly string[]): { texts: string[]; places: number[] } {
  const known = new Map<string, number>();
  const places = texts.map((text) => {
    const place = known.get(text) ?? known.size;
    known.set(text, place);
    return place;
  });
  return { texts: [...known.keys()], places };
}
