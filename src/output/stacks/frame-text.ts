/** A frame as text: what a person reads in a picture, and what other tools read in folded stacks. */
import { harmless } from "../harmless";
import type { Frame, FrameKind } from "./profile";

/** The suffixes that flamegraph.pl knows, and colours. */
const SUFFIXES: Readonly<Partial<Record<FrameKind, string>>> = {
  kernel: "_[k]",
  inline: "_[i]",
  jit: "_[j]",
  waker: "_[w]",
};
const SUFFIXED = /^(.+)(_\[[kijw]\])$/s;
/** What other collectors put between the user's and the kernel's part of a stack. */
const SEPARATORS: ReadonlySet<string> = new Set(["-", "--"]);
const LONE_SURROGATE = /\p{Cs}/gu;

/** The function's name; with the file's name and the line where many functions of a script have the same one. */
export function frameName({
  name,
  kind,
  file,
  line,
}: Pick<Frame, "name" | "kind" | "file" | "line">): string {
  if (kind !== "jit" || file === undefined) return shown(name);
  const place = `${file.slice(file.lastIndexOf("/") + 1)}${line === undefined ? "" : `:${line}`}`;
  return shown(name.includes(place) ? name : `${name} ${place}`);
}

/** Any name as something that can be shown: controls written out, half characters replaced, never empty. */
export function shown(name: string): string {
  return harmless(name).replace(LONE_SURROGATE, "\ufffd") || "[no name]";
}

/** As it stands between semicolons: those in the name become colons, as in other collectors. */
export function foldedName(name: string, kind?: FrameKind): string {
  const suffix = kind === undefined ? "" : (SUFFIXES[kind] ?? "");
  return name.replaceAll(";", ":") + suffix;
}

/** The frame that a name in a folded stack stands for. */
export function frameOfFolded(text: string): Frame {
  const [, name, suffix] = SUFFIXED.exec(text) ?? [];
  if (name !== undefined) {
    const kind = (Object.keys(SUFFIXES) as FrameKind[]).find((each) => SUFFIXES[each] === suffix);
    return { name, kind: kind ?? "user" };
  }
  return { name: text, kind: SEPARATORS.has(text) ? "marker" : "user" };
}
