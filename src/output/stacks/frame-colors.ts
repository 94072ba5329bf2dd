/** What frames look like: a hue for each kind, and within it a shade that the same name always gets. */
import type { Label } from "./call-tree";

type Kind = Label["kind"] | "running";

/** What a stack of a profile of all time ends in while its task is on a processor; all else it can end in is waiting. */
const RUNNING = "[running]";

/** What a search has found. */
export const FOUND = "#c58be0";

interface Hue {
  /** In a legend. */
  readonly title: string;
  /** Ranges of hue (degrees), saturation and lightness (percent). */
  readonly hue: readonly [from: number, to: number];
  readonly saturation: number;
  readonly lightness: readonly [from: number, to: number];
}

const HUES: Readonly<Record<Kind, Hue>> = {
  root: { title: "all", hue: [220, 220], saturation: 8, lightness: [84, 84] },
  group: { title: "process", hue: [215, 225], saturation: 10, lightness: [78, 83] },
  user: { title: "user", hue: [24, 46], saturation: 82, lightness: [66, 75] },
  kernel: { title: "kernel", hue: [202, 222], saturation: 62, lightness: [68, 77] },
  jit: { title: "JIT", hue: [95, 145], saturation: 42, lightness: [64, 73] },
  inline: { title: "inlined", hue: [168, 188], saturation: 45, lightness: [66, 75] },
  waker: { title: "waker", hue: [262, 288], saturation: 48, lightness: [74, 81] },
  running: { title: "on CPU", hue: [345, 345], saturation: 62, lightness: [74, 74] },
  marker: { title: "no function", hue: [220, 220], saturation: 5, lightness: [74, 80] },
};

/** The kinds in the order of a legend, with their names. */
export const legend: readonly { readonly kind: Kind; readonly title: string }[] = (
  ["group", "user", "kernel", "jit", "inline", "waker", "running", "marker"] as const
).map((kind) => ({ kind, title: HUES[kind].title }));

/** The colour of a frame, as #rrggbb. */
export function frameColor(label: Pick<Label, "name" | "kind">): string {
  const { hue, saturation, lightness } = HUES[colorKind(label)];
  const hash = hashOf(label.name);
  return hsl(between(hue, hash & 0xffff), saturation, between(lightness, hash >>> 16));
}

/** Which of the legend's kinds a frame is. */
export function colorKind({ name, kind }: Pick<Label, "name" | "kind">): Kind {
  return kind === "marker" && name === RUNNING ? "running" : kind;
}

/** The colour in the middle of a kind's shades. */
export function kindColor(kind: Kind): string {
  const { hue, saturation, lightness } = HUES[kind];
  return hsl(between(hue, 0x8000), saturation, between(lightness, 0x8000));
}

/** Red for what grew and blue for what shrank; `change` goes from -1 to 1, the largest change in the picture. */
export function changeColor(change: number): string {
  if (Math.abs(change) < 0.001) return hsl(220, 8, 86);
  const strength = Math.sqrt(Math.min(Math.abs(change), 1));
  return change > 0 ? hsl(8, 78, 90 - 28 * strength) : hsl(212, 74, 90 - 28 * strength);
}

function between([from, to]: readonly [number, number], part: number): number {
  return from + ((to - from) * part) / 0xffff;
}

/** FNV-1a over the characters, with its bits mixed once more: neighbours such as `f1` and `f2` differ in all. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** CSS Color 4, section 7.1. */
function hsl(hue: number, saturation: number, lightness: number): string {
  const light = lightness / 100;
  const reach = (saturation / 100) * Math.min(light, 1 - light);
  const channel = (n: number) => {
    const k = (n + hue / 30) % 12;
    const value = light - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(255 * value)
      .toString(16)
      .padStart(2, "0");
  };
  return `#${channel(0)}${channel(8)}${channel(4)}`;
}
