import { type Btf, parseBtf } from "../../../../src/bpf/btf/btf";
import { encodeBtf, type TypeSpec } from "../../../../src/bpf/btf/encode";

/** A member given as [name, type, bit offset] or with the width of a bit field as fourth. */
type MemberTuple = readonly [name: string, type: number, bitOffset: number, bitfieldSize?: number];

/** Collects types and hands out their ids, so that tests need not count. */
export class TypeBuilder {
  readonly types: TypeSpec[] = [];

  constructor(private readonly base?: Btf) {}

  add(type: TypeSpec): number {
    return (this.base?.idCount ?? 1) - 1 + this.types.push(type);
  }

  /** The id the next type gets, for types that refer to each other. */
  get nextId(): number {
    return (this.base?.idCount ?? 1) + this.types.length;
  }

  int(name: string, size: number, signed = false): number {
    return this.add({ kind: "int", name, size, bits: 8 * size, offset: 0, signed, char: false, bool: false });
  }

  to(kind: "ptr" | "const" | "volatile" | "restrict", type: number): number {
    return this.add({ kind, type });
  }

  typedef(name: string, type: number): number {
    return this.add({ kind: "typedef", name, type });
  }

  array(type: number, length: number): number {
    return this.add({ kind: "array", type, indexType: 0, length });
  }

  composite(kind: "struct" | "union", name: string, size: number, members: readonly MemberTuple[]): number {
    return this.add({
      kind,
      name,
      size,
      members: members.map(([member, type, bitOffset, bitfieldSize = 0]) => ({
        name: member,
        type,
        bitOffset,
        bitfieldSize,
      })),
    });
  }

  proto(
    returns: number,
    params: readonly (readonly [name: string, type: number])[],
    variadic = false,
  ): number {
    return this.add({
      kind: "func_proto",
      returns,
      params: params.map(([name, type]) => ({ name, type })),
      variadic,
    });
  }

  func(name: string, type: number): number {
    return this.add({ kind: "func", name, type, linkage: "static" });
  }

  bytes(): Uint8Array {
    return encodeBtf(this.types, this.base);
  }

  btf(): Btf {
    return parseBtf(this.bytes(), this.base);
  }
}
