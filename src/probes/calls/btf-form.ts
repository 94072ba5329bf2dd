/** How values of the kernel's types are shown. Pure. */
import type { Btf } from "../../bpf/btf/btf";
import { plainWord, type ValueForm } from "./value-form";

type Size = 1 | 2 | 4 | 8;

/** The form of a value of type `id`; what is no number is shown as the word that was passed. */
export function formOfType(btf: Btf, id: number): ValueForm {
  const type = btf.resolve(id);
  switch (type.kind) {
    case "int":
      if (type.bool) return { kind: "bool" };
      return type.size <= 8 ? { kind: "int", size: type.size as Size, signed: type.signed } : plainWord;
    case "enum":
    case "enum64": {
      const names = new Map(type.values.map(({ name, value }) => [Number(value), name]));
      return { kind: "enum", size: type.size as Size, signed: type.signed, names };
    }
    case "ptr":
      return isConstantText(btf, type.type) ? { kind: "string", memory: "kernel" } : plainWord;
    default:
      return plainWord;
  }
}

/** `const char`: a pointer to it leads to a string, one to `char` leads to a buffer. */
function isConstantText(btf: Btf, id: number): boolean {
  const type = btf.typeById(id);
  if (type.kind !== "const") return false;
  const target = btf.resolve(type.type);
  return target.kind === "int" && target.name === "char";
}
