import type { Btf } from "./btf";
import { BtfError } from "./error";
import type { BtfType } from "./type";

/** Pointers on both supported architectures, x86-64 and arm64. */
const POINTER_SIZE = 8;

/** Longer chains of types than any compiler emits; only a cycle in a damaged blob reaches it. */
export const MAX_DEPTH = 64;

const MAX_SIZE = 2 ** 32 - 1;

/** The type behind typedefs, qualifiers and type tags. Throws BtfError on a cycle. */
export function resolveType(btf: Btf, id: number): BtfType {
  let type = btf.typeById(id);
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    switch (type.kind) {
      case "typedef":
      case "const":
      case "volatile":
      case "restrict":
      case "type_tag":
        type = btf.typeById(type.type);
        break;
      default:
        return type;
    }
  }
  throw new BtfError(`BTF type ${id}: more than ${MAX_DEPTH} typedefs and qualifiers, a cycle`);
}

/** Bytes a value of this type takes, undefined for what has none. Throws BtfError on a cycle. */
export function sizeOfType(btf: Btf, id: number): number | undefined {
  let count = 1;
  let type = resolveType(btf, id);
  for (let depth = 0; type.kind === "array"; depth++) {
    if (depth === MAX_DEPTH)
      throw new BtfError(`BTF type ${id}: array of more than ${MAX_DEPTH} dimensions, a cycle`);
    count *= type.length;
    type = resolveType(btf, type.type);
  }
  const size = sizeOfElement(type);
  if (size === undefined) return undefined;
  if (count * size > MAX_SIZE) throw new BtfError(`BTF type ${id}: size is above 4 GiB`);
  return count * size;
}

function sizeOfElement(type: BtfType): number | undefined {
  switch (type.kind) {
    case "ptr":
      return POINTER_SIZE;
    case "int":
    case "float":
    case "enum":
    case "enum64":
    case "struct":
    case "union":
    case "datasec":
      return type.size;
    default:
      return undefined;
  }
}
