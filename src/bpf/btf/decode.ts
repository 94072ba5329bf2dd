import { BtfError } from "./error";
import { infoFlag, infoKind, infoLength, KINDS } from "./kind";
import type { BtfType, Linkage, Member, Param } from "./type";

const LINKAGES: readonly Linkage[] = ["static", "global", "extern"];

function linkageOf(id: number, number: number): Linkage {
  const linkage = LINKAGES[number];
  if (linkage === undefined) throw new BtfError(`BTF type ${id}: linkage ${number} is not known`);
  return linkage;
}

/** The type that starts at word `at`; the index made sure that it is whole. `text` resolves string offsets. */
export function decodeType(
  words: Uint32Array,
  at: number,
  id: number,
  text: (offset: number) => string,
): BtfType {
  const info = words[at + 1]!;
  const length = infoLength(info);
  const flag = infoFlag(info);
  const sizeOrType = words[at + 2]!;
  const named = () => ({ id, name: text(words[at]!) });
  const word = (index: number) => words[at + 3 + index]!;
  const each = <T>(size: number, decode: (index: number) => T): T[] =>
    Array.from({ length }, (_, i) => decode(i * size));

  const kind = KINDS[infoKind(info)];
  switch (kind) {
    case "int":
      return {
        kind,
        ...named(),
        size: sizeOrType,
        bits: word(0) & 0xff,
        offset: (word(0) >>> 16) & 0xff,
        signed: (word(0) & (1 << 24)) !== 0,
        char: (word(0) & (2 << 24)) !== 0,
        bool: (word(0) & (4 << 24)) !== 0,
      };
    case "ptr":
    case "volatile":
    case "const":
    case "restrict":
      return { kind, id, type: sizeOrType };
    case "array":
      return { kind, id, type: word(0), indexType: word(1), length: word(2) };
    case "struct":
    case "union": {
      // Often only the name is wanted, as in a prototype, and task_struct has some 250 members.
      let members: Member[] | undefined;
      return {
        kind,
        ...named(),
        size: sizeOrType,
        get members() {
          members ??= each(3, (i): Member => {
            const offset = word(i + 2);
            return {
              name: text(word(i)),
              type: word(i + 1),
              bitOffset: flag ? offset & 0xff_ffff : offset,
              bitfieldSize: flag ? offset >>> 24 : 0,
            };
          });
          return members;
        },
      };
    }
    case "enum":
      return {
        kind,
        ...named(),
        size: sizeOrType,
        signed: flag,
        values: each(2, (i) => ({ name: text(word(i)), value: flag ? word(i + 1) | 0 : word(i + 1) })),
      };
    case "enum64":
      return {
        kind,
        ...named(),
        size: sizeOrType,
        signed: flag,
        values: each(3, (i) => {
          const value = (BigInt(word(i + 2)) << 32n) | BigInt(word(i + 1));
          return { name: text(word(i)), value: flag ? BigInt.asIntN(64, value) : value };
        }),
      };
    case "fwd":
      return { kind, ...named(), of: flag ? "union" : "struct" };
    case "typedef":
      return { kind, ...named(), type: sizeOrType };
    case "func":
      return { kind, ...named(), type: sizeOrType, linkage: linkageOf(id, length) };
    case "func_proto": {
      const params = each(2, (i): Param => ({ name: text(word(i)), type: word(i + 1) }));
      const last = params.at(-1);
      // A last parameter without name and type stands for the dots.
      const variadic = last !== undefined && last.name === "" && last.type === 0;
      if (variadic) params.pop();
      return { kind, id, returns: sizeOrType, params, variadic };
    }
    case "var":
      return { kind, ...named(), type: sizeOrType, linkage: linkageOf(id, word(0)) };
    case "datasec":
      return {
        kind,
        ...named(),
        size: sizeOrType,
        variables: each(3, (i) => ({ type: word(i), offset: word(i + 1), size: word(i + 2) })),
      };
    case "float":
      return { kind, ...named(), size: sizeOrType };
    case "decl_tag": {
      const component = word(0) === 0xffff_ffff ? undefined : word(0);
      return { kind, ...named(), type: sizeOrType, component, attribute: flag };
    }
    case "type_tag":
      return { kind, ...named(), type: sizeOrType, attribute: flag };
    default:
      return { kind: "unknown", id, number: infoKind(info) };
  }
}
