/** Reads our own document of a profile again. Whatever it holds is checked: it may have been edited by hand. */
import { UsageError } from "../../core/errors";
import { type Frame, frameKinds, type Module, type Profile, type WeightUnit, weightUnits } from "./profile";
import { ProfileBuilder } from "./profile-builder";
import { weightKeys } from "./profile-json";

/** What the formats that we write have room for. */
const LARGEST = 2 ** 63;

type Members = Readonly<Record<string, unknown>>;

/** The profile in a document that `profileJson` wrote; `name` is the file's, for messages. Throws UsageError. */
export function readProfileJson(text: string, name: string): Profile {
  const reader = new Reader(name);
  const document = reader.members(reader.parse(text), "the document");
  if (document["tool"] !== "bpfkit" || document["frames"] === undefined)
    reader.refuse("is no profile of bpfkit");
  const profile = reader.members(document["profile"], "profile");
  const unit = reader.oneOf(profile["unit"], weightUnits, "profile.unit");
  const builder = new ProfileBuilder();
  const modules = reader.list(document["modules"], "modules").map((value) => reader.module(value));
  const frames = reader
    .list(document["frames"], "frames")
    .map((value) => builder.frame(reader.frame(value, modules)));
  addRows(reader, builder, reader.list(document["rows"], "rows"), { unit, frames: frames.length });
  const periodNs = profile["periodNs"];
  const lost = Object.entries(reader.members(document["lost"], "lost"));
  return builder.build({
    title: reader.text(profile["title"], "profile.title"),
    measure: reader.text(profile["measure"], "profile.measure"),
    unit,
    periodNs: periodNs === null ? undefined : reader.number(periodNs, "profile.periodNs") || undefined,
    startedAt: reader.time(document["startedAt"], "startedAt"),
    durationNs: reader.number(document["durationNs"], "durationNs"),
    kernel: reader.text(document["kernel"], "kernel"),
    notes: reader.list(document["notes"], "notes").map((note) => reader.text(note, "a note")),
    lost: Object.fromEntries(lost.map(([reason, count]) => [reason, reader.number(count, `lost.${reason}`)])),
  });
}

function addRows(
  reader: Reader,
  builder: ProfileBuilder,
  rows: readonly unknown[],
  { unit, frames }: { unit: WeightUnit; frames: number },
): void {
  const groups = new Map<string, number>();
  const key = weightKeys[unit];
  for (const value of rows) {
    const row = reader.members(value, "a row");
    const label = reader.text(row["label"], "a row's label");
    const pid = reader.optional(row["pid"], (id) => reader.number(id, "a row's pid"));
    const tid = reader.optional(row["tid"], (id) => reader.number(id, "a row's tid"));
    const identity = `${pid}/${tid}/${label}`;
    const group = groups.get(identity) ?? builder.group({ label, pid, tid });
    groups.set(identity, group);
    const stack = reader.list(row["stack"], "a row's stack").map((id) => reader.index(id, frames, "frames"));
    const count = reader.number(row["count"], "a row's count");
    const weight = key === undefined ? count : reader.number(row[key], `a row's ${key}`);
    builder.add(group, builder.stack(stack), weight, count);
  }
}

/** Takes values out of what JSON.parse gave, or says which one is wrong. */
class Reader {
  constructor(private readonly name: string) {}

  refuse(fact: string, cause?: unknown): never {
    throw new UsageError(`read "${this.name}": ${fact}`, {
      cause,
      hint: 'readable are folded stacks and what "bpfkit stack-profile --format json" writes',
    });
  }

  parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (error) {
      return this.refuse("is not JSON", error);
    }
  }

  members(value: unknown, what: string): Members {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Members;
    return this.refuse(`${what} is not an object`);
  }

  list(value: unknown, what: string): readonly unknown[] {
    return Array.isArray(value) ? value : this.refuse(`${what} is not a list`);
  }

  text(value: unknown, what: string): string {
    return typeof value === "string" ? value : this.refuse(`${what} is not a text`);
  }

  /** Large whole numbers are written as text. */
  number(value: unknown, what: string): number {
    const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
    if (typeof number === "number" && number >= 0 && number <= LARGEST) return number;
    return this.refuse(`${what} is not a number from 0 to 2^63`);
  }

  time(value: unknown, what: string): Date {
    const text = this.text(value, what);
    const time = new Date(text);
    return /^\d{4}-/.test(text) && !Number.isNaN(time.getTime())
      ? time
      : this.refuse(`${what} is not a time`);
  }

  index(value: unknown, limit: number, what: string): number {
    if (Number.isInteger(value) && (value as number) >= 0 && (value as number) < limit)
      return value as number;
    return this.refuse(`${JSON.stringify(value)} is no place in ${what}`);
  }

  hex(value: unknown, what: string): bigint {
    if (typeof value === "string" && /^0x[0-9a-f]+$/.test(value)) return BigInt(value);
    return this.refuse(`${what} is not an address such as "0x7f00"`);
  }

  oneOf<const T extends string>(value: unknown, allowed: readonly T[], what: string): T {
    const found = allowed.find((each) => each === value);
    return found ?? this.refuse(`${what} is none of ${allowed.join(", ")}`);
  }

  optional<T>(value: unknown, read: (value: unknown) => T): T | undefined {
    return value === undefined ? undefined : read(value);
  }

  module(value: unknown): Module {
    const { path, buildId, start, end, fileOffset } = this.members(value, "a module");
    return {
      path: this.text(path, "a module's path"),
      buildId: this.optional(buildId, (id) => this.text(id, "a module's buildId")),
      start: this.hex(start, "a module's start"),
      end: this.hex(end, "a module's end"),
      fileOffset: this.hex(fileOffset, "a module's fileOffset"),
    };
  }

  frame(value: unknown, modules: readonly Module[]): Frame {
    const { name, kind, module, address, file, line, tier } = this.members(value, "a frame");
    return {
      name: this.text(name, "a frame's name"),
      kind: this.oneOf(kind, frameKinds, "a frame's kind"),
      module: this.optional(module, (place) => modules[this.index(place, modules.length, "modules")]),
      address: this.optional(address, (at) => this.hex(at, "a frame's address")),
      file: this.optional(file, (path) => this.text(path, "a frame's file")),
      line: this.optional(line, (at) => this.number(at, "a frame's line")),
      tier: this.optional(tier, (text) => this.text(text, "a frame's tier")),
    };
  }
}
