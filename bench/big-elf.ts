/** An ELF file as large as the largest programs: half a gigabyte, two million functions. */
import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";

/** What was made, for asking about it. */
export interface BigElf {
  readonly path: string;
  readonly functions: number;
  readonly size: number;
}

const TEXT = 0x1000;
/** Bytes of each function. */
export const FUNCTION_SIZE = 192;
const SECTIONS = 4;

/** Of the function with that number; as long as names of C++ are in the mean. */
export const functionName = (number: number) =>
  `_ZN6symbol9benchmark8function${String(number).padStart(9, "0")}Ev`;
const NAME_SIZE = functionName(0).length + 1;

/** Writes the file; what would be code in it takes no place on the disk. */
export function writeBigElf(path: string, functions: number): BigElf {
  const text = functions * FUNCTION_SIZE;
  const symbols = TEXT + text;
  const strings = symbols + (functions + 1) * 24;
  const headers = strings + 1 + functions * NAME_SIZE;
  const size = headers + SECTIONS * 64;
  const file = openSync(path, "w");
  try {
    ftruncateSync(file, size);
    writeSync(file, header(headers), 0, 64, 0);
    writeSync(file, segment(text), 0, 56, 64);
    writeSymbols(file, symbols, strings, functions);
    const sections = Buffer.concat([
      section(0, 0, 0, 0, 0, 0),
      section(1, 6, TEXT, TEXT, text, 0),
      section(2, 0, 0, symbols, (functions + 1) * 24, 3),
      section(3, 0, 0, strings, headers - strings, 0),
    ]);
    writeSync(file, sections, 0, sections.length, headers);
  } finally {
    closeSync(file);
  }
  return { path, functions, size };
}

/** Symbols in disorder, as linkers leave them. */
function writeSymbols(file: number, symbols: number, strings: number, functions: number): void {
  const table = Buffer.alloc((functions + 1) * 24);
  const names = Buffer.alloc(1 + functions * NAME_SIZE);
  // A step without a common divisor meets each function once.
  const step = 7919;
  for (let i = 0; i < functions; i++) {
    const number = (i * step) % functions;
    const [at, name] = [(i + 1) * 24, 1 + i * NAME_SIZE];
    names.write(functionName(number), name, "latin1");
    table.writeUInt32LE(name, at);
    table[at + 4] = 0x12;
    table.writeUInt16LE(1, at + 6);
    table.writeUInt32LE(TEXT + number * FUNCTION_SIZE, at + 8);
    table.writeUInt32LE(FUNCTION_SIZE, at + 16);
  }
  writeSync(file, table, 0, table.length, symbols);
  writeSync(file, names, 0, names.length, strings);
}

/** Elf64_Ehdr of elf(5): a program for x86-64. */
function header(sections: number): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.write("7f454c46020101", "hex");
  bytes.writeUInt16LE(2, 16);
  bytes.writeUInt16LE(62, 18);
  bytes.writeUInt32LE(1, 20);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeBigUInt64LE(BigInt(sections), 40);
  [64, 56, 1, 64, SECTIONS, 0].forEach((value, i) => {
    bytes.writeUInt16LE(value, 52 + 2 * i);
  });
  return bytes;
}

/** Elf64_Phdr: PT_LOAD, readable and executable. */
function segment(text: number): Buffer {
  const bytes = Buffer.alloc(56);
  bytes.writeUInt32LE(1, 0);
  bytes.writeUInt32LE(5, 4);
  [TEXT, TEXT, TEXT, text, text, TEXT].forEach((value, i) => {
    bytes.writeBigUInt64LE(BigInt(value), 8 + 8 * i);
  });
  return bytes;
}

/** Elf64_Shdr. */
function section(
  type: number,
  flags: number,
  address: number,
  offset: number,
  size: number,
  link: number,
): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.writeUInt32LE(type, 4);
  [flags, address, offset, size].forEach((value, i) => {
    bytes.writeBigUInt64LE(BigInt(value), 8 + 8 * i);
  });
  bytes.writeUInt32LE(link, 40);
  return bytes;
}
