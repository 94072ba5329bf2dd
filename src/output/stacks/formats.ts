/** The formats of a profile, and what a file's ending says; each is loaded only when it is written. */
import { UsageError } from "../../core/errors";
import type { Json, RunInfo } from "../report";
import type { Picture, PictureLimits } from "./picture";
import type { Profile } from "./profile";

export const profileFormats = ["json", "folded", "svg", "html", "speedscope", "pprof", "cpuprofile"] as const;
export type ProfileFormat = (typeof profileFormats)[number];

/** File endings besides the common ones. */
export const profileEndings: Readonly<Record<string, ProfileFormat>> = {
  ".folded": "folded",
  ".svg": "svg",
  ".html": "html",
  ".htm": "html",
  ".speedscope.json": "speedscope",
  ".speedscope": "speedscope",
  ".pb.gz": "pprof",
  ".pprof": "pprof",
  ".cpuprofile": "cpuprofile",
};

export interface ProfileOutputOptions {
  readonly info: RunInfo;
  /** Folded stacks: mark frames by kind. */
  readonly kinds?: boolean | undefined;
  /** Folded stacks, SVG and HTML: show what has changed since this profile. */
  readonly before?: Profile | undefined;
  /** JSON: figures about the run besides those of the profile. */
  readonly totals?: Readonly<Record<string, Json>> | undefined;
}

export function isProfileFormat(format: string): format is ProfileFormat {
  return (profileFormats as readonly string[]).includes(format);
}

/** The formats that can show what has changed. */
export const diffFormats: readonly string[] = ["folded", "svg", "html"] satisfies ProfileFormat[];

/** The profile in a format, in pieces; only pprof is bytes. Throws UsageError where there is no `before` in a format. */
export function renderProfile(
  profile: Profile,
  format: ProfileFormat,
  options: ProfileOutputOptions,
): Iterable<string | Uint8Array> {
  const { info, kinds, before, totals } = options;
  if (before !== undefined && !diffFormats.includes(format)) {
    const hint = `formats that have: ${diffFormats.join(", ")}`;
    throw new UsageError(`diff: format "${format}" has no place for a second profile`, { hint });
  }
  switch (format) {
    case "json":
      return pieces(load.json().profileJson(profile, info, totals));
    case "folded":
      return pieces(
        before === undefined
          ? load.folded().foldedStacks(profile, { kinds })
          : load.diff().foldedDiff(before, profile),
      );
    case "svg":
      return pieces(load.svg().svgFlameGraph(pictureOf(profile, before, info, load.svg().svgLimits)));
    case "html":
      return pieces(load.html().htmlFlameGraph(pictureOf(profile, before, info, load.html().htmlLimits)));
    case "speedscope":
      return pieces(load.speedscope().speedscopeJson(profile, info));
    case "cpuprofile":
      return pieces(load.cpuprofile().cpuProfile(profile));
    case "pprof":
      return [load.pprof().pprofFile(profile, info)];
  }
}

function pictureOf(
  profile: Profile,
  before: Profile | undefined,
  info: RunInfo,
  limits: PictureLimits,
): Picture {
  if (before !== undefined) return load.diff().diffPicture(before, profile, info, limits);
  return load.picture().flamePicture(profile, load.callTree().callTree(profile), info, limits);
}

const load = {
  callTree: () => require("./call-tree") as typeof import("./call-tree"),
  cpuprofile: () => require("./cpuprofile") as typeof import("./cpuprofile"),
  diff: () => require("./diff") as typeof import("./diff"),
  folded: () => require("./folded") as typeof import("./folded"),
  html: () => require("./html") as typeof import("./html"),
  json: () => require("./profile-json") as typeof import("./profile-json"),
  picture: () => require("./picture") as typeof import("./picture"),
  pprof: () => require("./pprof") as typeof import("./pprof"),
  speedscope: () => require("./speedscope") as typeof import("./speedscope"),
  svg: () => require("./svg") as typeof import("./svg"),
};

const PIECE = 64 * 1024;

/** Larger pieces of small ones: each is written by itself. */
function* pieces(texts: Iterable<string>): Iterable<string> {
  let parts: string[] = [];
  let length = 0;
  for (const text of texts) {
    parts.push(text);
    length += text.length;
    if (length < PIECE) continue;
    yield parts.join("");
    parts = [];
    length = 0;
  }
  if (length > 0) yield parts.join("");
}
