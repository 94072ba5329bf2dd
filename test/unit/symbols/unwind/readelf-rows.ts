/** The rows that readelf finds in a file's .eh_frame: a second opinion on ours. */
import { spawnSync } from "node:child_process";

/** A row as readelf prints it: columns by name, `u` for a register without a rule. */
export interface ReadelfRow {
  readonly address: number;
  readonly columns: Readonly<Record<string, string>>;
}

export interface ReadelfFunction {
  readonly start: number;
  readonly end: number;
  readonly rows: readonly ReadelfRow[];
}

const FUNCTION = /^\S+ \S+ \S+ FDE .*pc=([0-9a-f]+)\.\.([0-9a-f]+)/;
const ROW = /^([0-9a-f]{16}) (.*)$/;

/** All functions of the file with the rows that readelf prints for them; none where it prints only those of the CIE. */
export function readelfFunctions(file: string): ReadelfFunction[] {
  const { stdout } = spawnSync("readelf", ["--debug-dump=frames-interp", "-wN", file], {
    encoding: "utf8",
    maxBuffer: 2 ** 30,
  });
  const functions: { start: number; end: number; rows: ReadelfRow[] }[] = [];
  let names: string[] = [];
  let open = false;
  for (const line of stdout.split("\n")) {
    const found = FUNCTION.exec(line);
    if (found !== null) {
      functions.push({ start: hex(found[1]), end: hex(found[2]), rows: [] });
      open = true;
    } else if (line.includes(" CIE ")) open = false;
    else if (line.startsWith("   LOC")) names = line.trim().split(/\s+/).slice(1);
    else {
      const row = ROW.exec(line);
      if (row === null || !open) continue;
      // Some versions name a register twice: "r8 (r8)".
      const values = (row[2] as string)
        .trim()
        .replace(/ \(\w+\)/g, "")
        .split(/\s+/);
      const columns = Object.fromEntries(names.map((name, i) => [name, values[i] as string]));
      functions.at(-1)?.rows.push({ address: hex(row[1]), columns });
    }
  }
  return functions;
}

const hex = (text: string | undefined): number => Number.parseInt(text as string, 16);
