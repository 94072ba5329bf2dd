/** Writes .eh_frame sections: what no compiler at hand emits. */
import type { UnwindSource } from "../../../../src/symbols/unwind/unwind-info";

/** A number in LEB128, unsigned or, below zero, signed. */
export function leb(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = BigInt(value); ; ) {
    const byte = Number(rest & 0x7fn);
    rest >>= 7n;
    const isLast = value < 0 ? rest === -1n && (byte & 0x40) !== 0 : rest === 0n;
    bytes.push(isLast ? byte : byte | 0x80);
    if (isLast) return bytes;
  }
}

export interface Shape {
  readonly augmentation?: string;
  /** Data of the letters in order; that of R is `0x1b`, signed 32 bits relative to the pc, unless given. */
  readonly data?: readonly number[];
  readonly version?: number;
  readonly codeAlign?: number;
  readonly dataAlign?: number;
  readonly returnColumn?: number;
  readonly initial?: readonly number[];
  /** The function's instructions. */
  readonly code?: readonly number[];
  /** How its address and length are written, given where they stand. */
  readonly range?: (at: number) => readonly number[];
}

export const ADDRESS = 0x10000;
/** Where the function is that sections made here tell of, and its length. */
export const START = 0x4000;
export const LENGTH = 0x100;

const u32 = (value: number) => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
const text = (value: string) => [...Buffer.from(value, "latin1"), 0];

function entry(body: readonly number[]): number[] {
  const padding = Array.from({ length: -body.length & 3 }, () => 0);
  return [...u32(body.length + padding.length), ...body, ...padding];
}

/** A section with a CIE and an FDE, and the end mark. */
export function ehFrame(shape: Shape): Uint8Array {
  const { augmentation = "zR", data = [0x1b], version = 1, codeAlign = 1, dataAlign = -8 } = shape;
  const { returnColumn = 16, initial = [], code = [] } = shape;
  const hasData = augmentation.startsWith("z");
  const sizes = version === 4 ? [8, 0] : [];
  const cie = entry([
    ...[...u32(0), version, ...text(augmentation), ...sizes, ...leb(codeAlign), ...signed(dataAlign)],
    ...[...leb(returnColumn), ...(hasData ? [...leb(data.length), ...data] : []), ...initial],
  ]);
  const at = cie.length + 8;
  const range = shape.range?.(ADDRESS + at) ?? [...u32(START - (ADDRESS + at)), ...u32(LENGTH)];
  const fde = entry([...u32(cie.length + 4), ...range, ...(hasData ? [0] : []), ...code]);
  return Uint8Array.from([...cie, ...fde, 0, 0, 0, 0]);
}

/** A signed LEB128 number: a positive one must not look negative. */
function signed(value: number): number[] {
  const bytes = leb(value);
  const last = bytes.at(-1) as number;
  return value >= 0 && (last & 0x40) !== 0 ? [...bytes.slice(0, -1), last | 0x80, 0] : bytes;
}

/** A file that has these sections. */
export function sourceOf(sections: Readonly<Record<string, Uint8Array>>, code?: Uint8Array): UnwindSource {
  const addresses: Readonly<Record<string, number>> = {
    ".eh_frame": ADDRESS,
    ".eh_frame_hdr": ADDRESS - 0x8000,
  };
  return {
    section: (name) => {
      const bytes = sections[name];
      return bytes && { address: addresses[name] ?? 0, bytes };
    },
    code: (address, length) => code?.slice(address - START, address - START + length),
  };
}
