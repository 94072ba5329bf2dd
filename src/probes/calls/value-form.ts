/** How one word of a call, an argument or a result, is read and shown. Pure. */
import { UsageError } from "../../core/errors";
import { didYouMean } from "../../core/suggest";

/** Whose memory a pointer leads into. */
export type Memory = "user" | "kernel";

export type ValueForm =
  | { readonly kind: "int"; readonly size: 1 | 2 | 4 | 8; readonly signed: boolean }
  /** Addresses, masks. */
  | { readonly kind: "hex"; readonly size: 1 | 2 | 4 | 8 }
  | { readonly kind: "bool" }
  | {
      readonly kind: "enum";
      readonly size: 1 | 2 | 4 | 8;
      readonly signed: boolean;
      readonly names: ReadonlyMap<number, string>;
    }
  /** A pointer to bytes that end with a NUL. */
  | { readonly kind: "string"; readonly memory: Memory };

/** An argument or field by its name. */
export interface Param {
  readonly name: string;
  readonly form: ValueForm;
}

const int = (size: 1 | 2 | 4 | 8, signed: boolean): ValueForm => ({ kind: "int", size, signed });

/** As `--arg 1:FORM` writes them; `str` is a string in the memory of whoever is traced. */
const FORMS: Readonly<Record<string, ValueForm>> = {
  d: int(4, true),
  u: int(4, false),
  x: { kind: "hex", size: 8 },
  x32: { kind: "hex", size: 4 },
  i8: int(1, true),
  i16: int(2, true),
  i32: int(4, true),
  i64: int(8, true),
  u8: int(1, false),
  u16: int(2, false),
  u32: int(4, false),
  u64: int(8, false),
  bool: { kind: "bool" },
  str: { kind: "string", memory: "user" },
  dirfd: { kind: "enum", size: 4, signed: true, names: new Map([[-100, "AT_FDCWD"]]) },
};

/** The names of forms, for help and messages. */
export const formNames: readonly string[] = Object.keys(FORMS).filter((name) => name !== "dirfd");

/** The form of this name. Throws a UsageError that lists all. */
export function formNamed(name: string, option: string): ValueForm {
  const form = Object.hasOwn(FORMS, name) ? FORMS[name] : undefined;
  if (form === undefined)
    throw new UsageError(`${option}: no form "${name}"`, {
      hint: didYouMean(name, formNames) ?? `forms are ${formNames.join(", ")}`,
    });
  return form;
}

/** Shown as an address unless somebody knows better. */
export const plainWord: ValueForm = { kind: "hex", size: 8 };

export function isString(form: ValueForm): boolean {
  return form.kind === "string";
}
