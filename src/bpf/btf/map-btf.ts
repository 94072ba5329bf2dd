/** BTF for a map's key and value, which some maps require (task storage) and `bpftool map dump` prints with. */
import {
  type Codec,
  count64,
  i8,
  i16,
  i32,
  i64,
  type StructCodec,
  u8,
  u16,
  u32,
  u64,
} from "../../core/codec";
import { encodeBtf, type TypeSpec } from "./encode";
import { BtfError } from "./error";

/** A blob for BPF_BTF_LOAD and the ids for btf_key_type_id and btf_value_type_id. */
export interface MapBtf {
  readonly bytes: Uint8Array;
  readonly keyTypeId: number;
  readonly valueTypeId: number;
}

type AnyCodec = Codec<unknown>;

const INTEGERS = new Map<AnyCodec, { name: string; signed: boolean }>([
  [u8, { name: "unsigned char", signed: false }],
  [u16, { name: "unsigned short", signed: false }],
  [u32, { name: "unsigned int", signed: false }],
  [u64, { name: "unsigned long long", signed: false }],
  [count64, { name: "unsigned long long", signed: false }],
  [i8, { name: "signed char", signed: true }],
  [i16, { name: "short", signed: true }],
  [i32, { name: "int", signed: true }],
  [i64, { name: "long long", signed: true }],
]);

const UNSIGNED: Readonly<Record<number, AnyCodec>> = { 1: u8, 2: u16, 4: u32, 8: u64 };

/** What the kernel takes as the name of a struct or member. */
const IDENTIFIER = /^[A-Za-z_]\w{0,127}$/;

function isStruct(codec: AnyCodec): codec is StructCodec<Record<string, AnyCodec>> {
  return "fields" in codec && "offsets" in codec;
}

function checkName(name: string): string {
  if (!IDENTIFIER.test(name)) throw new BtfError(`encode BTF: "${name}" is not a C identifier`);
  return name;
}

/** Adds the types of codecs to one list; the same codec and the same integer are added once. */
class TypeList {
  readonly types: TypeSpec[] = [];
  private readonly ids = new Map<AnyCodec | string, number>();

  add(codec: AnyCodec, name: string): number {
    return this.once(codec, () => {
      const integer = INTEGERS.get(codec);
      if (integer !== undefined) return this.integer(integer.name, integer.signed, codec.size);
      return isStruct(codec) ? this.struct(codec, name) : this.array(codec);
    });
  }

  private push(type: TypeSpec): number {
    return this.types.push(type);
  }

  private once(key: AnyCodec | string, create: () => number): number {
    const id = this.ids.get(key) ?? create();
    this.ids.set(key, id);
    return id;
  }

  private integer(name: string, signed: boolean, size: number): number {
    const rest = { bits: 8 * size, offset: 0, char: false, bool: false };
    return this.once(name, () => this.push({ kind: "int", name, size, signed, ...rest }));
  }

  private struct(codec: StructCodec<Record<string, AnyCodec>>, name: string): number {
    const members = Object.entries(codec.fields).map(([field, inner]) => ({
      name: checkName(field),
      type: this.add(inner, `${name}_${field}`),
      bitOffset: 8 * codec.offsets[field]!,
      bitfieldSize: 0,
    }));
    return this.push({ kind: "struct", name: checkName(name), size: codec.size, members });
  }

  /** Other codecs do not tell what they are made of; size and alignment are enough for the kernel. */
  private array(codec: AnyCodec): number {
    const element = UNSIGNED[codec.align];
    if (element === undefined || codec.size % codec.align !== 0)
      throw new BtfError(`encode BTF: ${codec.size} bytes aligned to ${codec.align} make no array`);
    const type = this.add(element, "");
    const indexType = this.add(u32, "");
    return this.push({ kind: "array", type, indexType, length: codec.size / codec.align });
  }
}

/** Describes a map's key and value by their codecs. Structs are named `NAME_key` and `NAME_value`. */
export function btfForMap(key: AnyCodec, value: AnyCodec, name = "map"): MapBtf {
  const list = new TypeList();
  const keyTypeId = list.add(key, `${name}_key`);
  const valueTypeId = list.add(value, `${name}_value`);
  return { bytes: encodeBtf(list.types), keyTypeId, valueTypeId };
}
