/** How values of the kernel's types are shown. Pure. */
import type { Btf } from "../../bpf/btf/btf";
import type { BtfType } from "../../bpf/btf/type";
import { plainWord, type Size, type ValueForm } from "./value-form";

/** The form of a value of type `id`; what is no number is shown as the word that was passed. */
export function formOfType(btf: Btf, id: number): ValueForm {
  const type = btf.resolve(id);
  switch (type.kind) {
    case "int":
      if (type.bool) return { kind: "bool" };
      return type.size <= 8 ? intForm(type.size as Size, type.signed, typedefs(btf, id)) : plainWord;
    case "enum":
    case "enum64": {
      const names = new Map(type.values.map(({ name, value }) => [Number(value), name]));
      return { kind: "enum", size: type.size as Size, signed: type.signed, names };
    }
    case "ptr":
      return isConstantText(btf, type.type)
        ? { kind: "string" }
        : (structForm(btf.resolve(type.type)) ?? plainWord);
    default:
      return plainWord;
  }
}

/** Some ints say by the names of their types what they are. */
function intForm(size: Size, signed: boolean, names: readonly string[]): ValueForm {
  if (names.includes("umode_t")) return { kind: "octal", size };
  if (names.some((name) => /^__be(16|32|64)$/.test(name)))
    return { kind: "int", size, signed, swapped: true };
  return { kind: "int", size, signed };
}

/** The typedefs on the way to what `id` is. */
function typedefs(btf: Btf, id: number): string[] {
  const names: string[] = [];
  for (let type = btf.typeById(id); "type" in type && type.kind !== "ptr"; type = btf.typeById(type.type))
    if (type.kind === "typedef") names.push(type.name);
  return names;
}

/** What is shown of a struct that a pointer leads to, or that lies inside of another; undefined for most. */
export function structForm(type: BtfType): ValueForm | undefined {
  if (type.kind !== "struct") return undefined;
  if (type.name === "file" || type.name === "path" || type.name === "dentry")
    return { kind: "path", of: type.name };
  return /^sockaddr(_unsized|_storage|_in6?|_un|_nl)?$/.test(type.name) ? { kind: "sockaddr" } : undefined;
}

/**
 * `const char`: a pointer to it leads to a string, one to `char` leads to a buffer. So does one to `const unsigned char`,
 * as names of files are; of `const u8` it is not known.
 */
function isConstantText(btf: Btf, id: number): boolean {
  const type = btf.typeById(id);
  if (type.kind !== "const") return false;
  const target = btf.typeById(type.type);
  return target.kind === "int" && (target.name === "char" || target.name === "unsigned char");
}
