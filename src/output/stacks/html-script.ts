/** The script inside an HTML flame graph: it hands the boxes to d3-flame-graph and ties the page's controls to it. */
import type { BrowserWindow, Node, Page } from "./browser";

/** The picture as the page carries it: columns, because a tree of objects may be deeper than a parser likes. */
export interface HtmlBoxes {
  readonly names: readonly string[];
  readonly details: readonly string[];
  readonly colors: readonly string[];
  /** By box, in preorder: places in the three lists above, the depth, and the weight. */
  readonly name: readonly number[];
  readonly detail: readonly number[];
  readonly color: readonly number[];
  readonly depth: readonly number[];
  readonly total: readonly number[];
}

/** A node as d3-flame-graph takes it. */
interface Data {
  readonly name: string;
  readonly value: number;
  readonly details: string;
  readonly color: string;
  readonly children: Data[];
}

/** What d3-hierarchy makes of it. */
interface Drawn {
  readonly data: Data;
  readonly highlight?: boolean;
  readonly parent: Drawn | null;
}

/** The part of d3-flame-graph's chart that is used. */
interface Chart {
  width(pixels: number): Chart;
  cellHeight(pixels: number): Chart;
  minFrameSize(pixels: number): Chart;
  transitionDuration(ms: number): Chart;
  inverted(on: boolean): Chart;
  selfValue(on: boolean): Chart;
  resetHeightOnZoom(on: boolean): Chart;
  setColorMapper(color: (node: Drawn) => string): Chart;
  setLabelHandler(text: (node: Drawn) => string): Chart;
  setDetailsHandler(tell: (text: string | null) => void): Chart;
  setSearchMatch(matches: (node: Drawn) => boolean): Chart;
  setSearchHandler(tell: (found: readonly Drawn[], sum: number, all: number) => void): Chart;
  onClick(tell: (node: Drawn) => void): Chart;
  search(text: string): void;
  clear(): void;
  resetZoom(): void;
  update(): Chart;
}

/** The globals that the packages' scripts leave behind. */
export interface Libraries {
  readonly flamegraph: { default(): Chart };
  readonly d3: { select(selector: string): { datum(data: Data): { call(chart: Chart): void } } };
}

/** Runs in the browser: its text is put into the page, so it may use nothing of this module but its parameters. */
export function animateHtml(
  document: Page,
  window: BrowserWindow,
  { flamegraph, d3 }: Libraries,
  found: string,
): void {
  const element = (id: string) => document.getElementById(id) as Node;
  const boxes = JSON.parse(element("boxes").textContent as string) as HtmlBoxes;
  const home = element("chart");
  const input = element("search");
  const details = element("details");
  const DETAILS = details.textContent as string;
  let pattern: RegExp | undefined;
  let inverted = false;

  const chart = flamegraph
    .default()
    .width(home.clientWidth)
    .cellHeight(20)
    .minFrameSize(0.5)
    .transitionDuration(200)
    .selfValue(false)
    .resetHeightOnZoom(true)
    .setColorMapper((node) => (node.highlight === true ? found : node.data.color))
    .setLabelHandler(({ data }) => `${data.name}\n${data.details}`)
    .setDetailsHandler((text) => {
      details.textContent = text === null ? DETAILS : text.replace("\n", ": ");
    })
    .setSearchMatch(({ data }) => pattern?.test(data.name) === true)
    .setSearchHandler((_found, sum, all) => {
      const share = all === 0 ? 0 : (100 * sum) / all;
      element("matched").textContent = `matched ${share.toFixed(1)} %`;
    })
    .onClick((node) => element("reset").classList.toggle("off", node.parent === null));

  /** The boxes as a tree of objects: each goes to the latest one that is a row less deep. */
  function treeOf({ names, details, colors, name, detail, color, depth, total }: HtmlBoxes): Data {
    const path: Data[] = [];
    depth.forEach((at, box) => {
      const data: Data = {
        name: names[name[box] as number] as string,
        value: total[box] as number,
        details: details[detail[box] as number] as string,
        color: colors[color[box] as number] as string,
        children: [],
      };
      path[at - 1]?.children.push(data);
      path[at] = data;
    });
    return path[0] as Data;
  }

  function patternOf(text: string): RegExp {
    // A capital asks for exactly this spelling.
    const flags = /[A-Z]/.test(text) ? "" : "i";
    try {
      return new RegExp(text, flags);
    } catch {
      return new RegExp(text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), flags);
    }
  }

  function search(text: string): void {
    pattern = text === "" ? undefined : patternOf(text);
    home.classList.toggle("searched", pattern !== undefined);
    if (pattern === undefined) {
      chart.clear();
      element("matched").textContent = "";
    } else chart.search(text);
  }

  function reset(): void {
    chart.resetZoom();
    element("reset").classList.toggle("off", true);
  }

  function turn(): void {
    inverted = !inverted;
    element("icicle").textContent = inverted ? "Flame" : "Icicle";
    chart.inverted(inverted).update();
  }

  input.addEventListener("input", () => search(input.value));
  element("reset").addEventListener("click", reset);
  element("icicle").addEventListener("click", turn);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      input.value = "";
      search("");
      reset();
    } else if (event.key === "/" && event.target !== input) {
      event.preventDefault();
      input.focus();
    }
  });
  window.addEventListener("resize", () => chart.width(home.clientWidth).update());
  d3.select("#chart").datum(treeOf(boxes)).call(chart);
  // Else the first thing to be seen would be the tips of the highest stacks, and nothing of what they stand on.
  const height = Number(document.querySelector("#chart svg")?.getAttribute("height"));
  if (height > window.innerHeight) turn();
}
