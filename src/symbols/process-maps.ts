/** What executable memory a process has: /proc/PID/maps, as proc(5) describes it. */
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";

/** A piece of executable memory. */
export interface ExecutableMapping {
  readonly start: number;
  /** Behind the last byte. */
  readonly end: number;
  /** Of the first byte in the file. */
  readonly offset: number;
  /** What it was mapped from: "file" has a path, "anonymous" is where compilers at run time put code. */
  readonly kind: "file" | "vdso" | "vsyscall" | "anonymous";
  /** The path in the process's mount namespace; the name in brackets, or "", where there is no file. */
  readonly path: string;
  /** `major:minor` in hexadecimal digits, as the kernel writes it. */
  readonly device: string;
  readonly inode: bigint;
  /** The file has no name any more. */
  readonly deleted: boolean;
}

const DELETED = " (deleted)";
/** Memory without a file that has an inode all the same: /dev/zero, System V segments, huge pages (mm/shmem.c). */
const SHARED_MEMORY = /^\/(?:dev\/zero|SYSV[0-9a-f]{8}|anon_hugepage)(?: \(deleted\))?$/;
/** User addresses are below 2^56 where there are five levels of page tables, and used below 2^53: they fit a number. */
const LINE =
  /^([0-9a-f]{1,16})-([0-9a-f]{1,16}) ..(.). ([0-9a-f]{1,16}) ([0-9a-f]+:[0-9a-f]+) ([0-9]{1,20})(?: +(.*))?$/;

/** The executable mappings of a process, by rising address. */
export class ProcessMaps {
  private constructor(readonly mappings: readonly ExecutableMapping[]) {}

  /** Takes the text of /proc/PID/maps; lines of any other form are passed over. */
  static parse(text: string): ProcessMaps {
    const mappings: ExecutableMapping[] = [];
    for (const line of text.split("\n")) {
      const mapping = parseLine(line);
      if (mapping !== undefined) mappings.push(mapping);
    }
    return ProcessMaps.of(mappings);
  }

  /** Takes mappings that do not overlap. */
  static of(mappings: readonly ExecutableMapping[]): ProcessMaps {
    return new ProcessMaps([...mappings].sort((a, b) => a.start - b.start));
  }

  equals(other: ProcessMaps | undefined): boolean {
    return isDeepStrictEqual(this.mappings, other?.mappings);
  }

  /** The mapping that holds `address`. */
  find(address: number): ExecutableMapping | undefined {
    let low = 0;
    let high = this.mappings.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.mappings[middle] as ExecutableMapping).start <= address) low = middle + 1;
      else high = middle;
    }
    const mapping = this.mappings[low - 1];
    return mapping !== undefined && address < mapping.end ? mapping : undefined;
  }
}

/** The maps of a process; undefined if it is gone, or has no memory of its own. */
export function readMaps(pid: number, proc = "/proc"): ProcessMaps | undefined {
  try {
    const text = readFileSync(`${proc}/${pid}/maps`, "utf8");
    return text === "" ? undefined : ProcessMaps.parse(text);
  } catch {
    return undefined;
  }
}

function parseLine(line: string): ExecutableMapping | undefined {
  const [, start, end, executable, offset, device, inode, name = ""] = LINE.exec(line) ?? [];
  if (start === undefined || executable !== "x") return undefined;
  return mappingOf({
    start: parseInt(start, 16),
    end: parseInt(end as string, 16),
    offset: parseInt(offset as string, 16),
    device: device as string,
    inode: BigInt(inode as string),
    name: withNewlines(name),
  });
}

/** A mapping of what has this name: a path, a name in brackets, or nothing. */
export function mappingOf({
  name,
  start,
  end,
  offset,
  device,
  inode,
}: Pick<ExecutableMapping, "start" | "end" | "offset" | "device" | "inode"> & {
  readonly name: string;
}): ExecutableMapping {
  const file = inode !== 0n && name.startsWith("/") && !SHARED_MEMORY.test(name);
  const deleted = file && name.endsWith(DELETED);
  const path = deleted ? name.slice(0, -DELETED.length) : name;
  return { start, end, offset, kind: file ? "file" : kindOf(name), path, device, inode, deleted };
}

function kindOf(name: string): ExecutableMapping["kind"] {
  return name === "[vdso]" ? "vdso" : name === "[vsyscall]" ? "vsyscall" : "anonymous";
}

/** Only a newline in a path is written otherwise, as \012. */
function withNewlines(path: string): string {
  return path.replaceAll("\\012", "\n");
}
