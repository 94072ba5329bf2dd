/** How one word of a call, an argument or a result, is read and shown. Pure. */
import { UsageError } from "../../core/errors";
import { didYouMean } from "../../core/suggest";
import type { PathHolder } from "../file-path";
import type { FlagSet } from "./flag-set";

/** Whose memory a pointer leads into. */
export type Memory = "user" | "kernel";

export type Size = 1 | 2 | 4 | 8;

/** What is in the word itself. */
export type WordForm =
  /** `swapped`: its bytes are in the order of the network. */
  | { readonly kind: "int"; readonly size: Size; readonly signed: boolean; readonly swapped?: boolean }
  /** Addresses, masks. */
  | { readonly kind: "hex"; readonly size: Size }
  /** Permissions of files. */
  | { readonly kind: "octal"; readonly size: Size }
  | { readonly kind: "bool" }
  | {
      readonly kind: "enum";
      readonly size: Size;
      readonly signed: boolean;
      readonly names: ReadonlyMap<number, string>;
    }
  | { readonly kind: "flags"; readonly size: Size; readonly set: FlagSet };

/** What the word leads to. Without `memory` it lies where the function's arguments lead: see call-slots.ts. */
export type SlotForm =
  /** Bytes that end with a NUL. */
  | { readonly kind: "string"; readonly memory?: Memory }
  | {
      readonly kind: "numbers";
      readonly element: WordForm & { readonly size: Size };
      readonly count: number;
      readonly memory?: Memory;
    }
  /**
   * `length` is the index of the argument that tells how many bytes it has. One that is `written` is there when the call
   * has succeeded, and so is its length, to which that argument leads.
   */
  | {
      readonly kind: "sockaddr";
      readonly memory?: Memory;
      readonly length?: number;
      readonly written?: boolean;
    }
  | { readonly kind: "path"; readonly of: PathHolder };

export type ValueForm = WordForm | SlotForm;

/** An argument or field by its name. */
export interface Param {
  readonly name: string;
  readonly form: ValueForm;
}

const int = (size: Size, signed: boolean) => ({ kind: "int", size, signed }) as const;
const hex = (size: Size) => ({ kind: "hex", size }) as const;

/** Forms of numbers; these can stand in arrays too. */
const NUMBERS = {
  d: int(4, true),
  u: int(4, false),
  x: hex(8),
  x8: hex(1),
  x16: hex(2),
  x32: hex(4),
  o: { kind: "octal", size: 4 },
  i8: int(1, true),
  i16: int(2, true),
  i32: int(4, true),
  i64: int(8, true),
  u8: int(1, false),
  u16: int(2, false),
  u32: int(4, false),
  u64: int(8, false),
} as const satisfies Record<string, WordForm>;

/** As `--arg 1:FORM` writes them. */
const FORMS: Readonly<Record<string, ValueForm>> = {
  ...NUMBERS,
  bool: { kind: "bool" },
  str: { kind: "string" },
  ustr: { kind: "string", memory: "user" },
  kstr: { kind: "string", memory: "kernel" },
  sockaddr: { kind: "sockaddr" },
  path: { kind: "path", of: "file" },
};

/** The names of forms, for help and messages. */
export const formNames: readonly string[] = [...Object.keys(FORMS), "u8[16]"];

/** Bytes of an array at most: they are kept with each call. */
export const MOST_ARRAY_BYTES = 512;
const ARRAY = /^(\w+)\[(\d{1,5})\]$/;
const FLOATS: readonly string[] = ["f", "float", "double", "f32", "f64"];

/** The form of this name. Throws a UsageError that lists all. */
export function formNamed(name: string, option: string): ValueForm {
  if (Object.hasOwn(FORMS, name)) return FORMS[name] as ValueForm;
  const [, element = "", count] = ARRAY.exec(name) ?? [];
  if (count !== undefined && Object.hasOwn(NUMBERS, element))
    return numbers(NUMBERS[element as keyof typeof NUMBERS], Number(count), option);
  if (FLOATS.includes(name))
    throw new UsageError(`${option}: floating point numbers are not supported`, {
      hint: "they are passed in registers that programs in the kernel cannot read, and are not counted as arguments",
    });
  throw new UsageError(`${option}: no form "${name}"`, {
    hint: didYouMean(name, formNames) ?? `forms are ${formNames.join(", ")}`,
  });
}

function numbers(element: WordForm & { readonly size: Size }, count: number, option: string): SlotForm {
  const most = MOST_ARRAY_BYTES / element.size;
  if (count < 1 || count > most)
    throw new UsageError(`${option}: an array of ${count} is not one of 1 to ${most} numbers`, {
      hint: `at most ${MOST_ARRAY_BYTES} bytes are kept`,
    });
  return { kind: "numbers", element, count };
}

/** Shown as an address unless somebody knows better. */
export const plainWord: WordForm = hex(8);

const IN_SLOTS: readonly ValueForm["kind"][] = ["string", "numbers", "sockaddr", "path"];

/** Whether the call itself puts there what the word leads to. */
export function isWritten(form: ValueForm): boolean {
  return form.kind === "sockaddr" && form.written === true;
}

/** Whether the word leads to what is shown. */
export function leadsFurther(form: ValueForm): form is SlotForm {
  return IN_SLOTS.includes(form.kind);
}
