/** The script inside an SVG flame graph: zoom, search, icicle view, width of the window. */
import type { BrowserWindow, Node, Page } from "./browser";

/** What the script must know of the picture. */
export interface SvgLayout {
  readonly rowHeight: number;
  readonly pad: number;
  /** Where the topmost row begins. */
  readonly top: number;
  readonly depth: number;
}

/**
 * Runs in the browser: its text is put into the SVG, so it may use nothing of this module but its parameters.
 * Without it the picture is complete, only still.
 */
export function animateSvg(document: Page, window: BrowserWindow, layout: SvgLayout): void {
  interface Frame {
    readonly group: Node;
    readonly rect: Node;
    text: Node | undefined;
    readonly name: string;
    readonly details: string;
    readonly start: number;
    readonly total: number;
    readonly depth: number;
    hit: boolean;
  }

  const SVG = "http://www.w3.org/2000/svg";
  const XHTML = "http://www.w3.org/1999/xhtml";
  const { rowHeight, pad, top, depth } = layout;
  const svg = document.documentElement;
  const frames = [...document.querySelectorAll("#frames > g")].map(frameOf);
  const root = frames[0] as Frame;
  const details = document.getElementById("details") as Node;
  const matched = document.getElementById("matched") as Node;
  const characterWidth = widthOfCharacters();
  const headings = ["title", "subtitle"].map((id) => {
    const node = document.getElementById(id) as Node;
    return { node, text: node.textContent as string };
  });
  let focus = root;
  let icicle = false;
  let width = 0;

  function frameOf(group: Node): Frame {
    const [start, total, at] = (group.getAttribute("data-at") as string).split(" ").map(Number);
    const [name, about] = ((group.querySelector("title") as Node).textContent as string).split("\n");
    return {
      group,
      rect: group.querySelector("rect") as Node,
      text: group.querySelector("text") ?? undefined,
      name: name as string,
      details: about as string,
      start: start as number,
      total: total as number,
      depth: at as number,
      hit: false,
    };
  }

  function widthOfCharacters(): number {
    const sample = document.createElementNS(SVG, "text");
    sample.textContent = "mmmmmmmmmmmmmmmmmmmm";
    (document.getElementById("frames") as Node).append(sample);
    const length = sample.getComputedTextLength();
    sample.textContent = "";
    return length / 20 || 7.3;
  }

  function place(): void {
    const scale = (width - 2 * pad) / (focus.total || 1);
    const end = focus.start + focus.total;
    for (const frame of frames) {
      const { group, rect } = frame;
      const above =
        frame.depth < focus.depth && frame.start <= focus.start && frame.start + frame.total >= end;
      const inside = frame.depth > focus.depth && frame.start >= focus.start && frame.start < end;
      const wide = above || frame === focus ? width - 2 * pad : frame.total * scale;
      const shown = (above || inside || frame === focus) && wide >= 0.3;
      group.style.setProperty("display", shown ? "" : "none");
      if (!shown) continue;
      const x = above ? pad : pad + (frame.start - focus.start) * scale;
      const y = top + (icicle ? frame.depth : depth - frame.depth) * rowHeight;
      rect.setAttribute("x", x.toFixed(2));
      rect.setAttribute("y", String(y));
      rect.setAttribute("width", (wide > 3 ? wide - 0.7 : wide).toFixed(2));
      group.classList.toggle("above", above);
      label(frame, x, y, wide);
    }
  }

  function label(frame: Frame, x: number, y: number, wide: number): void {
    const room = Math.floor((wide - 6) / characterWidth);
    if (room < 3 && frame.text === undefined) return;
    if (frame.text === undefined) {
      frame.text = document.createElementNS(SVG, "text");
      frame.group.append(frame.text);
    }
    frame.text.setAttribute("x", (x + 3).toFixed(2));
    frame.text.setAttribute("y", String(y + rowHeight - 5));
    frame.text.textContent = cut(frame.name, room, 3);
  }

  function cut(text: string, room: number, least: number): string {
    if (text.length <= room) return text;
    return room < least ? "" : `${text.slice(0, room - 1)}…`;
  }

  function zoom(frame: Frame): void {
    focus = frame;
    (document.getElementById("reset") as Node).classList.toggle("off", frame === root);
    place();
  }

  function patternOf(text: string): RegExp | undefined {
    if (text === "") return undefined;
    // A capital asks for exactly this spelling.
    const flags = /[A-Z]/.test(text) ? "" : "i";
    try {
      return new RegExp(text, flags);
    } catch {
      return new RegExp(text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), flags);
    }
  }

  function search(text: string): void {
    const pattern = patternOf(text);
    let sum = 0;
    let covered = -1;
    for (const frame of frames) {
      frame.hit = pattern?.test(frame.name) === true;
      frame.group.classList.toggle("hit", frame.hit);
      // What lies inside of a match that was counted is not counted again.
      if (!frame.hit || frame.start < covered) continue;
      sum += frame.total;
      covered = frame.start + frame.total;
    }
    (document.getElementById("frames") as Node).classList.toggle("searched", pattern !== undefined);
    const share = root.total === 0 ? 0 : (100 * sum) / root.total;
    matched.textContent = pattern === undefined ? "" : `matched ${share.toFixed(1)} %`;
  }

  function tell(frame: Frame | undefined): void {
    const room = Math.floor((width - 2 * pad) / characterWidth) - (matched.textContent as string).length - 2;
    details.textContent = frame === undefined ? "" : cut(`${frame.name}: ${frame.details}`, room, 3);
  }

  function shorten(node: Node, text: string): void {
    node.textContent = text;
    const length = node.getComputedTextLength();
    const room = Math.floor((text.length * (width - 2 * pad)) / (length || 1));
    node.textContent = cut(text, room, 1);
  }

  function resize(): void {
    width = Math.max(window.innerWidth, 320);
    svg.setAttribute("width", String(width));
    svg.setAttribute("viewBox", `0 0 ${width} ${svg.getAttribute("height")}`);
    matched.setAttribute("x", String(width - pad));
    for (const { node, text } of headings) shorten(node, text);
    (document.getElementById("panel") as Node).setAttribute("width", String(width - 2 * pad));
    place();
  }

  function button(id: string, name: string, action: () => void): Node {
    const made = document.createElementNS(XHTML, "button");
    made.setAttribute("id", id);
    made.textContent = name;
    made.addEventListener("click", action);
    return made;
  }

  function turn(): void {
    icicle = !icicle;
    (document.getElementById("icicle") as Node).textContent = icicle ? "Flame" : "Icicle";
    place();
  }

  const box = document.createElementNS(XHTML, "input");
  box.setAttribute("id", "search");
  box.setAttribute("placeholder", "Search (regular expression)");
  box.addEventListener("input", () => search(box.value));
  const bar = document.createElementNS(XHTML, "div");
  bar.append(
    box,
    button("reset", "Reset zoom", () => zoom(root)),
    button("icicle", "Icicle", turn),
  );
  (document.getElementById("panel") as Node).append(bar);
  for (const frame of frames) {
    frame.group.addEventListener("click", () => zoom(frame));
    frame.group.addEventListener("mouseover", () => tell(frame));
    frame.group.addEventListener("mouseout", () => tell(undefined));
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      box.value = "";
      search("");
      zoom(root);
    } else if (event.key === "/" && event.target !== box) {
      event.preventDefault();
      box.focus();
    }
  });
  window.addEventListener("resize", resize);
  zoom(root);
  resize();
  // Else the first thing to be seen would be the tips of the highest stacks, and nothing of what they stand on.
  if (Number(svg.getAttribute("height")) > window.innerHeight) turn();
}
