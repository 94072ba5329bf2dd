import type { Btf } from "./btf";
import { BtfError } from "./error";
import { infoLength, kindNumber } from "./kind";
import type { BtfType, Linkage } from "./type";

const HEADER_SIZE = 24;

type WithoutId<T> = T extends BtfType ? Omit<T, "id"> : never;

/** A type to be written: as the parser returns it, its id being its place in the list, from 1. */
export type TypeSpec = WithoutId<Exclude<BtfType, { kind: "void" | "unknown" }>>;

/** Strings of one blob, each stored once. */
class StringTable {
  private readonly offsets = new Map<string, number>();
  private readonly parts: Buffer[] = [];

  /** A split blob's strings follow its base's, which already hold the empty one. */
  constructor(
    private readonly start: number,
    private end = start,
  ) {
    if (start === 0) this.append("");
  }

  offset(text: string): number {
    if (text === "") return 0;
    return this.offsets.get(text) ?? this.append(text);
  }

  private append(text: string): number {
    if (text.includes("\0")) throw new BtfError(`encode BTF: "${text}" contains NUL`);
    const offset = this.end;
    const part = Buffer.from(`${text}\0`);
    this.parts.push(part);
    this.end += part.length;
    this.offsets.set(text, offset);
    return offset;
  }

  bytes(): Buffer {
    return Buffer.concat(this.parts);
  }

  get size(): number {
    return this.end - this.start;
  }
}

const LINKAGES: Readonly<Record<Linkage, number>> = { static: 0, global: 1, extern: 2 };

/** Parts of a type as its words carry them. */
interface Words {
  readonly name?: string;
  readonly length?: number;
  readonly flag?: boolean;
  readonly sizeOrType?: number;
  readonly rest?: readonly number[];
}

function memberOffset(bitOffset: number, bitfieldSize: number, flag: boolean): number {
  if (!flag) return bitOffset;
  if (bitOffset > 0xff_ffff || bitfieldSize > 0xff)
    throw new BtfError(`encode BTF: bit field of ${bitfieldSize} bits at bit ${bitOffset} does not fit`);
  return bitfieldSize * 2 ** 24 + bitOffset;
}

function wordsOf(type: TypeSpec, text: (string: string) => number): Words {
  switch (type.kind) {
    case "int": {
      const encoding = (type.signed ? 1 : 0) | (type.char ? 2 : 0) | (type.bool ? 4 : 0);
      return {
        name: type.name,
        sizeOrType: type.size,
        rest: [(encoding << 24) | (type.offset << 16) | type.bits],
      };
    }
    case "ptr":
    case "volatile":
    case "const":
    case "restrict":
      return { sizeOrType: type.type };
    case "array":
      return { rest: [type.type, type.indexType, type.length] };
    case "struct":
    case "union": {
      const flag = type.members.some((member) => member.bitfieldSize > 0);
      const rest = type.members.flatMap((member) => [
        text(member.name),
        member.type,
        memberOffset(member.bitOffset, member.bitfieldSize, flag),
      ]);
      return { name: type.name, length: type.members.length, flag, sizeOrType: type.size, rest };
    }
    case "enum": {
      const rest = type.values.flatMap(({ name, value }) => [text(name), value]);
      return { name: type.name, length: type.values.length, flag: type.signed, sizeOrType: type.size, rest };
    }
    case "enum64": {
      const rest = type.values.flatMap(({ name, value }) => [
        text(name),
        Number(BigInt.asUintN(32, value)),
        Number(BigInt.asUintN(32, value >> 32n)),
      ]);
      return { name: type.name, length: type.values.length, flag: type.signed, sizeOrType: type.size, rest };
    }
    case "fwd":
      return { name: type.name, flag: type.of === "union" };
    case "typedef":
      return { name: type.name, sizeOrType: type.type };
    case "func":
      return { name: type.name, length: LINKAGES[type.linkage], sizeOrType: type.type };
    case "func_proto": {
      const rest = type.params.flatMap((param) => [text(param.name), param.type]);
      if (type.variadic) rest.push(0, 0);
      return { length: rest.length / 2, sizeOrType: type.returns, rest };
    }
    case "var":
      return { name: type.name, sizeOrType: type.type, rest: [LINKAGES[type.linkage]] };
    case "datasec": {
      const rest = type.variables.flatMap((variable) => [variable.type, variable.offset, variable.size]);
      return { name: type.name, length: type.variables.length, sizeOrType: type.size, rest };
    }
    case "float":
      return { name: type.name, sizeOrType: type.size };
    case "decl_tag":
      return {
        name: type.name,
        flag: type.attribute,
        sizeOrType: type.type,
        rest: [type.component ?? 0xffff_ffff],
      };
    case "type_tag":
      return { name: type.name, flag: type.attribute, sizeOrType: type.type };
  }
}

/**
 * The blob BPF_BTF_LOAD takes, of these types in this order. With `base` it is split from that: the first id is
 * `base.idCount`. Ids are not checked: the kernel does, and tests need wrong ones.
 */
export function encodeBtf(types: readonly TypeSpec[], base?: Btf): Uint8Array {
  const strings = new StringTable(base?.stringEnd ?? 0);
  const text = (string: string) => strings.offset(string);
  const words = types.flatMap((type) => {
    const { name = "", length = 0, flag = false, sizeOrType = 0, rest = [] } = wordsOf(type, text);
    if (infoLength(length) !== length) throw new BtfError(`encode BTF: ${type.kind} of ${length} elements`);
    const info = (flag ? 2 ** 31 : 0) + kindNumber(type.kind) * 2 ** 24 + length;
    return [text(name), info, sizeOrType, ...rest];
  });
  const blob = new Uint8Array(HEADER_SIZE + 4 * words.length + strings.size);
  const view = new DataView(blob.buffer);
  view.setUint16(0, 0xeb9f, true);
  view.setUint8(2, 1);
  [HEADER_SIZE, 0, 4 * words.length, 4 * words.length, strings.size].forEach((value, i) => {
    view.setUint32(4 + 4 * i, value, true);
  });
  words.forEach((value, i) => {
    view.setUint32(HEADER_SIZE + 4 * i, value, true);
  });
  blob.set(strings.bytes(), HEADER_SIZE + 4 * words.length);
  return blob;
}
