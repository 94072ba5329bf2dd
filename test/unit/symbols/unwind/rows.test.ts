/** Rows of real files against what readelf says of them. */
import { readFileSync } from "node:fs";
import { ElfFile } from "../../../../src/symbols/elf/elf-file";
import { MemorySource } from "../../../../src/symbols/elf/source";
import { elfUnwindSource } from "../../../../src/symbols/unwind/elf-unwind-source";
import type { RegisterRule, Row } from "../../../../src/symbols/unwind/row";
import { UnwindInfo, type UnwindSource } from "../../../../src/symbols/unwind/unwind-info";
import { mappedFile } from "./mapped-files";
import { type ReadelfFunction, readelfFunctions } from "./readelf-rows";

/** DWARF's names by column, as readelf prints them; the return address is "ra". */
const NAMES = "rax rdx rcx rbx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 ra".split(" ");

const sign = (offset: number) => (offset < 0 ? `${offset}` : `+${offset}`);

function ruleText(rule: RegisterRule): string {
  switch (rule.kind) {
    case "undefined":
      return "u";
    case "saved":
      return `c${sign(rule.offset)}`;
    case "value":
      return `v${sign(rule.offset)}`;
    case "register":
      return `r${rule.column}`;
    case "saved-expression":
      return "exp";
    case "value-expression":
      return "vexp";
  }
}

/** The row as readelf prints it, for the registers that readelf lists. */
function rowText(row: Row | undefined, names: readonly string[]): Record<string, string> {
  if (row === undefined) return {};
  const { cfa } = row;
  const text: Record<string, string> = {};
  for (const name of names) text[name] = "u";
  text["CFA"] = cfa.kind === "expression" ? "exp" : `${NAMES[cfa.column]}${sign(cfa.offset)}`;
  for (const { column, rule } of row.rules) text[NAMES[column] as string] = ruleText(rule);
  return text;
}

/** What we find wrong: at each row's first address, before the next row, and behind the function. */
function differences(info: UnwindInfo, functions: readonly ReadelfFunction[]): unknown[] {
  const wrong: unknown[] = [];
  for (const { rows, end } of functions)
    rows.forEach(({ address, columns }, i) => {
      const last = (rows[i + 1]?.address ?? end) - 1;
      for (const at of new Set([address, Math.floor((address + last) / 2), last])) {
        const ours = rowText(info.rowAt(at), Object.keys(columns));
        if (JSON.stringify(sorted(ours)) !== JSON.stringify(sorted(columns)))
          wrong.push({ at, ours, columns });
      }
    });
  return wrong;
}

const sorted = (record: Readonly<Record<string, string>>) => Object.entries(record).sort();

test.each(["libc.so", "libstdc++", "ld-linux"])("%s: every row is what readelf says", (name) => {
  const path = mappedFile(name);
  const functions = readelfFunctions(path);
  expect(functions.length).toBeGreaterThan(200);
  using elf = ElfFile.open(path);
  expect(differences(new UnwindInfo(elfUnwindSource(elf)), functions).slice(0, 5)).toEqual([]);
});

test("all rows of a function follow one another from its beginning to its end", () => {
  const path = mappedFile("libc.so");
  using elf = ElfFile.open(path);
  const info = new UnwindInfo(elfUnwindSource(elf));
  const fresh = new UnwindInfo(elfUnwindSource(elf));
  const wrong = readelfFunctions(path).filter(({ start, end }) => {
    const ranges = info.rangesOf(start + Math.floor((end - start) / 2));
    const bounds = ranges.flatMap((range) => [range.start, range.end]);
    const isWhole =
      bounds[0] === start &&
      bounds.at(-1) === end &&
      bounds.every((at, i) => i % 2 === 0 || at === (bounds[i + 1] ?? at));
    const isSame = ranges.every((range) =>
      [range.start, range.end - 1].every(
        (at) => JSON.stringify(fresh.rowAt(at)) === JSON.stringify(range.row),
      ),
    );
    return !isWhole || !isSame;
  });
  expect(wrong).toEqual([]);
  expect(info.rangesOf(0)).toEqual([]);
});

describe("a file in which something is missing", () => {
  const path = mappedFile("ld-linux");
  const functions = readelfFunctions(path);

  test("the section headers", () => {
    const bytes = readFileSync(path);
    // e_shoff, e_shnum and e_shstrndx: elf(5)
    bytes.fill(0, 40, 48).fill(0, 60, 64);
    using elf = new ElfFile(new MemorySource(bytes, "without sections"));
    expect(elf.sections).toEqual([]);
    expect(differences(new UnwindInfo(elfUnwindSource(elf)), functions).slice(0, 5)).toEqual([]);
  });

  test(".eh_frame_hdr", () => {
    using elf = ElfFile.open(path);
    const source = elfUnwindSource(elf);
    const bare: UnwindSource = {
      ...source,
      section: (one) => (one === ".eh_frame_hdr" ? undefined : source.section(one)),
    };
    expect(differences(new UnwindInfo(bare), functions).slice(0, 5)).toEqual([]);
  });

  test(".eh_frame", () => {
    const info = new UnwindInfo({ section: () => undefined, code: () => undefined });
    expect(functions.some(({ start }) => info.rowAt(start) !== undefined)).toBe(false);
  });
});
