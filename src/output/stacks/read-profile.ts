/** A profile from a file: folded stacks of any tool, or our own JSON. */
import { UsageError } from "../../core/errors";
import { readFolded } from "./folded-reader";
import type { Profile } from "./profile";
import { readProfileJson } from "./profile-json-reader";

const OPENING_BRACE = 0x7b;
/** RFC 1952, section 2.3.1. */
const GZIP = [0x1f, 0x8b];
const BLANK: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** The profile in a file's bytes; `name` is the file's, for messages. Throws UsageError. */
export function readProfile(bytes: Uint8Array, name: string): Profile {
  if (GZIP.every((byte, at) => bytes[at] === byte)) {
    throw new UsageError(`read "${name}": is compressed`, {
      hint: "readable are folded stacks and JSON; unpack it first, unless it is pprof",
    });
  }
  const first = bytes.find((byte) => !BLANK.has(byte));
  if (first !== OPENING_BRACE) return readFolded(bytes, name);
  return readProfileJson(
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"),
    name,
  );
}
