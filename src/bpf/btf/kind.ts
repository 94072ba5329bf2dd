/**
 * The kinds of BTF types by their number, and how many words follow each.
 * Numbers and sizes: include/uapi/linux/btf.h, Documentation/bpf/btf.rst.
 */

/** Kind names by kind number; number 0 is only the implicit type id 0, `void`. */
export const KINDS = [
  "void",
  "int",
  "ptr",
  "array",
  "struct",
  "union",
  "enum",
  "fwd",
  "typedef",
  "volatile",
  "const",
  "restrict",
  "func",
  "func_proto",
  "var",
  "datasec",
  "float",
  "decl_tag",
  "type_tag",
  "enum64",
] as const;

/** A kind of BTF type, as the kernel's constant names it, in lower case. */
export type Kind = (typeof KINDS)[number];

/** The number the kernel gives this kind. */
export function kindNumber(kind: Kind): number {
  return KINDS.indexOf(kind);
}

/** Words of 4 bytes in `struct btf_type` itself: name_off, info, size or type. */
export const TYPE_WORDS = 3;

/** How much follows a type of one kind: `fixed` words, then `each` words vlen times. */
export interface Extent {
  readonly fixed: number;
  readonly each: number;
}

const NONE: Extent = { fixed: 0, each: 0 };

/** What follows the types of each kind, by kind number. */
export const EXTENTS: readonly (Extent | undefined)[] = KINDS.map((kind) => {
  switch (kind) {
    case "void":
      return undefined;
    case "int":
    case "var":
    case "decl_tag":
      return { fixed: 1, each: 0 };
    case "array":
      return { fixed: 3, each: 0 };
    case "struct":
    case "union":
    case "datasec":
    case "enum64":
      return { fixed: 0, each: 3 };
    case "enum":
    case "func_proto":
      return { fixed: 0, each: 2 };
    default:
      return NONE;
  }
});

/*
 * Linux up to 6.19 fills bits 0-15 with vlen and 24-28 with the kind and leaves the bits between at zero;
 * newer ones use 24 bits for vlen and 7 for the kind. Reading the wide fields serves both.
 */

/** The kind number in a type's info word. */
export const infoKind = (info: number): number => (info >>> 24) & 0x7f;

/** How many members, values or parameters follow; the linkage of a function. */
export const infoLength = (info: number): number => info & 0xff_ffff;

/** The flag whose meaning depends on the kind. */
export const infoFlag = (info: number): boolean => info >>> 31 === 1;
