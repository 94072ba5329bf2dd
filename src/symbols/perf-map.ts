/**
 * Code made at run time, as its maker names it in /tmp/perf-PID.map: a line is start, size (both hexadecimal) and name;
 * tools/perf/Documentation/jit-interface.txt of the kernel. Code moves and its memory is used again: the last line wins.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from "node:fs";
import { type JitCode, parseJitName } from "./jit-code";
import { countUpTo, sortedOrder } from "./sorted-order";

/** A piece of code and where in it an address is. */
export interface JitSymbol {
  readonly code: JitCode;
  readonly offset: number;
}

const NEWLINE = 10;
/** How many pieces of code are looked at that begin before an address: damaged maps have ones of any size. */
const OVERLAPPING = 10_000;
const LARGEST_FILE = 2 ** 30;

/** The code in one map. Columns have the same places, by rising address. */
export class PerfMap {
  private readonly starts: Float64Array;
  private readonly ends: Float64Array;
  /** The end of the code that reaches farthest among all that begins no later. */
  private readonly reach: Float64Array;
  /** Where the line's name begins in `bytes`: later lines have higher ones. */
  private readonly names: Uint32Array;

  /** Keeps `bytes`, the text of a map; lines of any other form are passed over. */
  constructor(private readonly bytes: Buffer) {
    const lines = parseLines(bytes);
    const order = sortedOrder(Float64Array.from(lines, ({ start }) => start));
    const column = (of: (line: Line) => number) =>
      Float64Array.from(order, (from) => of(lines[from] as Line));
    this.starts = column(({ start }) => start);
    this.ends = column(({ start, size }) => start + size);
    this.names = Uint32Array.from(order, (from) => (lines[from] as Line).name);
    let farthest = 0;
    this.reach = this.ends.map((end) => {
      farthest = Math.max(farthest, end);
      return farthest;
    });
  }

  get size(): number {
    return this.starts.length;
  }

  /** The code that was put at `address` last. */
  find(address: number): JitSymbol | undefined {
    const { starts, ends, names, reach } = this;
    const last = countUpTo(starts, address) - 1;
    let found: number | undefined;
    for (let at = last; at >= 0 && at > last - OVERLAPPING && (reach[at] as number) > address; at--) {
      const newer = found === undefined || (names[at] as number) > (names[found] as number);
      if (address < (ends[at] as number) && newer) found = at;
    }
    if (found === undefined) return undefined;
    return { code: parseJitName(this.nameAt(found)), offset: address - (starts[found] as number) };
  }

  private nameAt(at: number): string {
    const start = this.names[at] as number;
    const end = this.bytes.indexOf(NEWLINE, start);
    return this.bytes.toString("utf8", start, end === -1 ? this.bytes.length : end).trimEnd();
  }
}

interface Line {
  readonly start: number;
  readonly size: number;
  readonly name: number;
}

const NUMBERS = /^(?:0x)?([0-9a-f]{1,16}) (?:0x)?([0-9a-f]{1,16}) (?=\S)/i;
/** Two numbers of 16 digits with their prefixes, two blanks and a letter. */
const LONGEST_NUMBERS = 39;

function parseLines(bytes: Buffer): Line[] {
  const lines: Line[] = [];
  for (let line = 0; line < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, line);
    const end = newline === -1 ? bytes.length : newline;
    const numbers = NUMBERS.exec(bytes.toString("latin1", line, Math.min(end, line + LONGEST_NUMBERS)));
    if (numbers !== null)
      lines.push({
        start: parseInt(numbers[1] as string, 16),
        size: parseInt(numbers[2] as string, 16),
        name: line + numbers[0].length,
      });
    line = end + 1;
  }
  return lines;
}

/** Finds a process's map, again when it has grown. */
export class PerfMapFile {
  private map: PerfMap | undefined;
  private readSize = -1;
  private readonly paths: readonly string[];
  private readonly owner: number | undefined;

  /** Notes now what it takes to find the map later, when process `pid` may have ended. */
  constructor(pid: number, proc = "/proc") {
    const inner = innermostPid(pid, proc);
    this.paths = [`${proc}/${pid}/root/tmp/perf-${inner}.map`, `/tmp/perf-${inner}.map`];
    this.owner = statSync(`${proc}/${pid}`, { throwIfNoEntry: false })?.uid;
  }

  /** The map as it is now; undefined if there is none. */
  read(): PerfMap | undefined {
    for (const path of this.paths) {
      const bytes = this.readIfGrown(path);
      if (bytes === "same") return this.map;
      if (bytes !== undefined) {
        this.readSize = bytes.length;
        this.map = new PerfMap(bytes);
        return this.map;
      }
    }
    return this.map;
  }

  /** Anybody may put a file into /tmp: only the process's own user and root are believed, and nothing but a plain file. */
  private readIfGrown(path: string): Buffer | "same" | undefined {
    let file: number | undefined;
    try {
      file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      const stats = fstatSync(file);
      if (!stats.isFile() || stats.size > LARGEST_FILE) return undefined;
      if (stats.uid !== 0 && stats.uid !== this.owner) return undefined;
      return stats.size === this.readSize ? "same" : readFileSync(file);
    } catch {
      return undefined;
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }
}

/** What a process calls itself: the last number of NSpid in /proc/PID/status. */
function innermostPid(pid: number, proc: string): number {
  try {
    const [, numbers = ""] = /^NSpid:\t(.*)$/m.exec(readFileSync(`${proc}/${pid}/status`, "latin1")) ?? [];
    return Number(numbers.split("\t").at(-1) || pid);
  } catch {
    return pid;
  }
}
