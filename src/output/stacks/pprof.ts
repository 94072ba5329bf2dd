/**
 * pprof's profile.proto, compressed as its readers expect it. Addresses, mappings and build ids go along, so that
 * `pprof` can disassemble and symbolise again; groups are labels (`pprof -tagroot process`).
 */
import { gzipSync } from "node:zlib";
import type * as format from "pprof-format";
import { NS_PER } from "../../core/units";
import type { RunInfo } from "../report";
import { frameName, shown } from "./frame-text";
import { PairTable } from "./pair-table";
import { type Frame, type Group, type Module, NO_STACK, type Profile, stackFrames } from "./profile";

/** The bytes of a .pb.gz file. The same profile gives the same bytes. */
export function pprofFile(profile: Profile, info: RunInfo): Uint8Array {
  const { Profile: Message, StringTable } = require("pprof-format") as typeof format;
  const strings = new StringTable();
  const text = (words: string) => strings.dedup(words);
  const locations = new Locations(profile.frames, text);
  const values = valuesOf(profile);
  const sample = Array.from(profile.samples.group, (group, at) => ({
    locationId: locations.ofStack(stackFrames(profile, profile.samples.stack[at]!)),
    value: values.of(profile.samples.count[at]!, profile.samples.weight[at]!).map(int64),
    label: labelsOf(profile.groups[group]!, text),
  }));
  const type = ([name, unit]: readonly [string, string]) => ({ type: text(name), unit: text(unit) });
  const comments = [
    `${info.tool} ${info.version} ${info.command}`,
    `Linux ${profile.kernel ?? info.kernel}`,
    profile.title,
    ...profile.notes,
  ];
  const lost = Object.entries(profile.lost).filter(([, count]) => count > 0);
  const message = new Message({
    sampleType: values.types.map(type),
    sample,
    ...locations.tables(),
    stringTable: strings,
    timeNanos: BigInt(profile.startedAt.getTime()) * BigInt(NS_PER.ms),
    durationNanos: Math.round(profile.durationNs),
    ...(profile.periodNs === undefined
      ? {}
      : { periodType: type([profile.measure, "nanoseconds"]), period: Math.round(profile.periodNs) }),
    comment: [...comments, ...lost.map(([reason, count]) => `lost: ${reason} ${count}`)].map(text),
    defaultSampleType: text(values.types.at(-1)![0]),
  });
  return gzipSync(message.encode());
}

interface Values {
  readonly types: readonly (readonly [name: string, unit: string])[];
  of(count: number, weight: number): number[];
}

/** How many samples first, by pprof's convention, then what they weigh. */
function valuesOf({ unit, measure, periodNs }: Profile): Values {
  if (unit === "nanoseconds" || unit === "bytes")
    return {
      types: [
        ["samples", "count"],
        [measure, unit],
      ],
      of: (count, weight) => [count, weight],
    };
  if (periodNs === undefined) return { types: [[measure, "count"]], of: (_count, weight) => [weight] };
  const period = Math.round(periodNs);
  return {
    types: [
      ["samples", "count"],
      [measure, "nanoseconds"],
    ],
    of: (count, weight) => [count, weight * period],
  };
}

/** The largest double that an int64 can hold. */
const MOST = 2 ** 63 - 1024;

function int64(value: number): bigint {
  return BigInt(Math.min(Math.round(value), MOST));
}

function labelsOf({ label, pid, tid }: Group, text: (words: string) => number): format.LabelInput[] {
  return [
    ...(label === "" ? [] : [{ key: text("process"), str: text(shown(label)) }]),
    ...(pid === undefined ? [] : [{ key: text("pid"), num: pid }]),
    ...(tid === undefined ? [] : [{ key: text("tid"), num: tid }]),
  ];
}

/** The places in the code, each once: an address with the function there and those inlined into it. */
class Locations {
  private readonly functions = new Map<string, format.FunctionInput>();
  private readonly mappings: Map<Module, format.MappingInput>;
  private readonly chains = new PairTable();
  private readonly locations: format.LocationInput[] = [];
  private readonly idOfChain = new Map<number, number>();

  constructor(
    private readonly frames: readonly Frame[],
    private readonly text: (words: string) => number,
  ) {
    const modules = new Set(frames.flatMap(({ module }) => (module === undefined ? [] : [module])));
    this.mappings = new Map(
      [...modules].sort(programsFirst).map((module, at) => [module, this.mapping(module, at + 1)]),
    );
  }

  /** The ids of a stack's locations, the innermost first; `stack` has the outermost first. */
  ofStack(stack: readonly number[]): number[] {
    const ids: number[] = [];
    for (let at = 0; at < stack.length; ) {
      let chain = NO_STACK;
      const first = at;
      do chain = this.chains.idOf(chain, stack[at++]!);
      while (at < stack.length && this.inlined(stack[at]!, stack[first]!));
      ids.push(this.location(chain, stack.slice(first, at)));
    }
    return ids.reverse();
  }

  tables(): {
    mapping: format.MappingInput[];
    location: format.LocationInput[];
    function: format.FunctionInput[];
  } {
    return {
      mapping: [...this.mappings.values()],
      location: this.locations,
      function: [...this.functions.values()],
    };
  }

  private inlined(frame: number, into: number): boolean {
    const inner = this.frames[frame]!;
    return (
      inner.kind === "inline" && inner.address !== undefined && inner.address === this.frames[into]!.address
    );
  }

  private location(chain: number, frames: readonly number[]): number {
    const known = this.idOfChain.get(chain);
    if (known !== undefined) return known;
    const { module, address = 0n } = this.frames[frames[0]!]!;
    const id = this.locations.length + 1;
    this.locations.push({
      id,
      mappingId: module === undefined ? 0 : this.mappings.get(module)!.id!,
      address,
      line: frames.map((frame) => this.line(this.frames[frame]!)).reverse(),
    });
    this.idOfChain.set(chain, id);
    return id;
  }

  private line(frame: Frame): format.LineInput {
    const { file, line = 0, module } = frame;
    const name = frameName({ ...frame, file: undefined });
    const key = [name, file, line, module?.path].join("\0");
    let found = this.functions.get(key);
    if (found === undefined) {
      const id = this.functions.size + 1;
      found = {
        id,
        name: this.text(name),
        systemName: this.text(name),
        filename: this.text(file ?? ""),
        startLine: line,
      };
      this.functions.set(key, found);
    }
    return { functionId: found.id!, line };
  }

  private mapping(module: Module, id: number): format.MappingInput {
    const { path, buildId = "", start, end, fileOffset } = module;
    return {
      id,
      memoryStart: start,
      memoryLimit: end,
      fileOffset,
      filename: this.text(path),
      buildId: this.text(buildId),
      hasFunctions: true,
    };
  }
}

/** pprof takes the first mapping for the program: neither a library nor the kernel may come before it. */
function programsFirst(a: Module, b: Module): number {
  const rank = ({ path }: Module) => (path.startsWith("[") ? 2 : /\.so(\.|$)/.test(path) ? 1 : 0);
  return (
    rank(a) - rank(b) || (a.path < b.path ? -1 : a.path > b.path ? 1 : Number(a.start - b.start > 0n) || -1)
  );
}
