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
    case "json": {
      const { profileJson } = require("./profile-json") as typeof import("./profile-json");
      return pieces(profileJson(profile, info, totals));
    }
    case "folded": {
      const { foldedStacks } = require("./folded") as typeof import("./folded");
      return pieces(
        before === undefined ? foldedStacks(profile, { kinds }) : diff().foldedDiff(before, profile),
      );
    }
    case "svg": {
      const { svgFlameGraph, svgLimits } = require("./svg") as typeof import("./svg");
      return pieces(svgFlameGraph(pictureOf(profile, before, info, svgLimits)));
    }
    case "html": {
      const { htmlFlameGraph, htmlLimits } = require("./html") as typeof import("./html");
      return pieces(htmlFlameGraph(pictureOf(profile, before, info, htmlLimits)));
    }
    case "speedscope": {
      const { speedscopeJson } = require("./speedscope") as typeof import("./speedscope");
      return pieces(speedscopeJson(profile, info));
    }
    case "cpuprofile": {
      const { cpuProfile } = require("./cpuprofile") as typeof import("./cpuprofile");
      return pieces(cpuProfile(profile));
    }
    case "pprof": {
      const { pprofFile } = require("./pprof") as typeof import("./pprof");
      return [pprofFile(profile, info)];
    }
  }
}

function pictureOf(
  profile: Profile,
  before: Profile | undefined,
  info: RunInfo,
  limits: PictureLimits,
): Picture {
  if (before !== undefined) return diff().diffPicture(before, profile, info, limits);
  const { flamePicture } = require("./picture") as typeof import("./picture");
  const { callTree } = require("./call-tree") as typeof import("./call-tree");
  return flamePicture(profile, callTree(profile), info, limits);
}

function diff(): typeof import("./diff") {
  return require("./diff");
}

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
