/** All generated files from a folder of headers, in memory. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bpfTables, helperTable } from "./bpf";
import { errnoTable } from "./errno";
import { macroValue, preprocess } from "./preprocess";
import { banner } from "./render";
import { syscallFile, syscallSources } from "./syscalls";

/** Reads a header by the name it is included with. */
export type ReadHeader = (name: string) => string;

/** Headers below this folder; `asm` may stand in Debian's folder for x86-64. */
export function headersIn(folder: string): ReadHeader {
  return (name) => {
    const places = [join(folder, name), join(folder, "x86_64-linux-gnu", name)];
    const place = places.find((candidate) => existsSync(candidate));
    if (place === undefined) throw new Error(`headers: "${name}" is not in "${folder}"`);
    return readFileSync(place, "utf8");
  };
}

/** The release the headers belong to, such as "6.1". */
export function headersVersion(read: ReadHeader): string {
  const { macros } = preprocess(read("linux/version.h"));
  return `${macroValue(macros, "LINUX_VERSION_MAJOR")}.${macroValue(macros, "LINUX_VERSION_PATCHLEVEL")}`;
}

/** The text of every generated file by its path from the repository's root. */
export function generate(read: ReadHeader): Map<string, string> {
  const bpf = preprocess(read("linux/bpf.h"));
  const files = new Map([
    ["src/core/errno-table.ts", errnoTable(read("asm-generic/errno-base.h") + read("asm-generic/errno.h"))],
    ["src/core/bpf-uapi.ts", bpfTables(bpf)],
    ["src/asm/helper-table.ts", helperTable(bpf)],
  ]);
  for (const [name, source] of Object.entries(syscallSources))
    files.set(`src/symbols/syscalls/${name}.ts`, syscallFile(source, read(source.header)));
  const head = banner(headersVersion(read));
  return new Map(Array.from(files, ([path, body]) => [path, head + body]));
}
