/** The formats of a profile, and what a file's ending says; each is loaded only when it is written. */
import { UsageError } from "../../core/errors";
import type { Json, RunInfo } from "../report";
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
  /** JSON: figures about the run besides those of the profile. */
  readonly totals?: Readonly<Record<string, Json>> | undefined;
}

export function isProfileFormat(format: string): format is ProfileFormat {
  return (profileFormats as readonly string[]).includes(format);
}

/** The profile in a format, in pieces; only pprof is bytes. */
export function renderProfile(
  profile: Profile,
  format: ProfileFormat,
  options: ProfileOutputOptions,
): Iterable<string | Uint8Array> {
  const { info, kinds, totals } = options;
  switch (format) {
    case "json":
      return pieces(load.json().profileJson(profile, info, totals));
    case "folded":
      return pieces(load.folded().foldedStacks(profile, { kinds }));
    case "speedscope":
      return pieces(load.speedscope().speedscopeJson(profile, info));
    case "cpuprofile":
      return pieces(load.cpuprofile().cpuProfile(profile));
    case "pprof":
      return [load.pprof().pprofFile(profile, info)];
    default:
      throw new UsageError(`format "${format}": not there yet`);
  }
}

const load = {
  json: () => require("./profile-json") as typeof import("./profile-json"),
  folded: () => require("./folded") as typeof import("./folded"),
  speedscope: () => require("./speedscope") as typeof import("./speedscope"),
  cpuprofile: () => require("./cpuprofile") as typeof import("./cpuprofile"),
  pprof: () => require("./pprof") as typeof import("./pprof"),
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
