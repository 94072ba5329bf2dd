import type { Btf } from "./btf";
import { BtfError } from "./error";
import { parseMemberPath } from "./member-path";
import { MAX_DEPTH } from "./size";
import type { BtfType, CompositeType, Member } from "./type";

/** Where a member stands in its struct. */
export interface MemberPlace {
  /** Bytes from the start of the struct to load from. */
  readonly offset: number;
  /** Bytes to load: the member's size; for a bit field the smallest load that holds all its bits. */
  readonly size: number;
  /** For a bit field: shift the loaded value right by `offset` and keep `size` bits. */
  readonly bits?: { readonly offset: number; readonly size: number };
  /** The member's type as declared. */
  readonly type: number;
}

/** What a path failed on, as a message's fact. */
export interface Missing {
  readonly missing: string;
}

interface Found {
  readonly member: Member;
  /** Bits from the start of the searched struct. */
  readonly bitOffset: number;
}

function isComposite(type: BtfType): type is CompositeType {
  return type.kind === "struct" || type.kind === "union";
}

function containerOf(btf: Btf, container: string | number): BtfType | undefined {
  if (typeof container === "number") return btf.resolve(container);
  const composite = btf.find("struct", container) ?? btf.find("union", container);
  if (composite !== undefined) return composite;
  const typedef = btf.find("typedef", container);
  return typedef === undefined ? undefined : btf.resolve(typedef.id);
}

/**
 * Finds a member by name, also inside anonymous structs and unions. Those already searched are skipped:
 * a damaged blob can nest them in a ring, or so that they fan out exponentially.
 */
function searchMember(
  btf: Btf,
  composite: CompositeType,
  name: string,
  searched: Set<number>,
  depth = 0,
): Found | undefined {
  if (depth > MAX_DEPTH) throw new BtfError(`BTF type ${composite.id}: anonymous structs nest too deeply`);
  searched.add(composite.id);
  const direct = composite.members.find((member) => member.name === name);
  if (direct !== undefined) return { member: direct, bitOffset: direct.bitOffset };
  for (const member of composite.members) {
    if (member.name !== "") continue;
    const inner = btf.resolve(member.type);
    if (!isComposite(inner) || searched.has(inner.id)) continue;
    const found = searchMember(btf, inner, name, searched, depth + 1);
    if (found !== undefined) return { ...found, bitOffset: member.bitOffset + found.bitOffset };
  }
  return undefined;
}

/** Width of the bit field this member is, 0 if it is none; and where its bits start within the member. */
function bitfieldOf(btf: Btf, member: Member): { size: number; offset: number } {
  if (member.bitfieldSize > 0) return { size: member.bitfieldSize, offset: 0 };
  // Older encoders gave bit fields an int type of their own, narrower than its bytes.
  const type = btf.resolve(member.type);
  const narrow = type.kind === "int" && (type.bits !== 8 * type.size || type.offset !== 0);
  return narrow ? { size: type.bits, offset: type.offset } : { size: 0, offset: 0 };
}

/** The smallest aligned load that holds all bits of a bit field. */
function bitfieldPlace(type: number, bitOffset: number, size: number): MemberPlace {
  for (let bytes = 1; bytes <= 8; bytes *= 2) {
    const offset = Math.floor(bitOffset / (8 * bytes)) * bytes;
    const shift = bitOffset - 8 * offset;
    if (shift + size <= 8 * bytes) return { offset, size: bytes, bits: { offset: shift, size }, type };
  }
  throw new BtfError(`BTF type ${type}: bit field of ${size} bits at bit ${bitOffset} needs two loads`);
}

const NOUNS: Partial<Record<BtfType["kind"], string>> = {
  ptr: "a pointer",
  array: "an array",
  int: "an integer",
};

/** `struct "pid" has no member "x"`, or why there can be none. */
function noMember(type: BtfType, name: string): Missing {
  if (!isComposite(type)) return { missing: `${NOUNS[type.kind] ?? type.kind} has no member "${name}"` };
  const described = type.name === "" ? `anonymous ${type.kind}` : `${type.kind} "${type.name}"`;
  return { missing: `${described} has no member "${name}"` };
}

/** Follows a member path from a container to its place, or says what is missing. */
export function locateMember(btf: Btf, container: string | number, path: string): MemberPlace | Missing {
  const steps = parseMemberPath(path);
  let current = containerOf(btf, container);
  if (current === undefined) return { missing: `no struct, union or typedef "${container}"` };
  let bitOffset = 0;
  let type = current.id;
  let bitfield = { size: 0, offset: 0 };
  for (const step of steps) {
    if (typeof step === "number") {
      if (current.kind !== "array") return { missing: `"${path}" takes element ${step} of what is no array` };
      // A length of 0 is a flexible array, whose end only the kernel knows.
      if (current.length !== 0 && step >= current.length)
        return { missing: `index ${step} is not below the array's length ${current.length}` };
      type = current.type;
      bitOffset += 8 * step * (btf.sizeOf(type) ?? 0);
      bitfield = { size: 0, offset: 0 };
    } else {
      const found = isComposite(current) ? searchMember(btf, current, step, new Set()) : undefined;
      if (found === undefined) return noMember(current, step);
      type = found.member.type;
      bitOffset += found.bitOffset;
      bitfield = bitfieldOf(btf, found.member);
    }
    current = btf.resolve(type);
  }
  if (bitfield.size > 0) return bitfieldPlace(type, bitOffset + bitfield.offset, bitfield.size);
  const size = btf.sizeOf(type);
  if (size === undefined) throw new BtfError(`BTF type ${type}: member "${path}" has no size`);
  return { offset: Math.floor(bitOffset / 8), size, type };
}
