/** What an expression such as `file->f_inode->i_ino` stands for among a function's arguments, by BTF. Pure. */
import type { Btf } from "../../bpf/btf/btf";
import type { BtfType, CompositeType, TypeOfKind } from "../../bpf/btf/type";
import { didYouMean } from "../../core/suggest";
import { formOfType, structForm } from "./btf-form";
import type { FunctionParam } from "./function-calls";
import type { MemberAccess } from "./member-access";
import { MOST_ARRAY_BYTES, plainWord, type Size, type ValueForm, type WordForm } from "./value-form";

/** An argument whose type is known. */
export interface TypedParam extends FunctionParam {
  /** Its id in BTF. */
  readonly type: number;
}

/** What cannot be found: why, and at which letter. */
export interface Unfound {
  readonly fact: string;
  readonly at: number;
  readonly hint?: string | undefined;
}

/** Whether something was not found. */
export function isUnfound(found: object): found is Unfound {
  return "fact" in found;
}

/** A step from a value to one in it. */
const STEP = /(->|\.)([A-Za-z_]\w*)|\[(\d{1,6})\]/y;
const ROOT = /^[A-Za-z_]\w*/;

/** The argument of the function `name` that `text` names, or a member behind it. */
export function findMember(
  btf: Btf,
  name: string,
  params: readonly TypedParam[],
  text: string,
): FunctionParam | Unfound {
  const [root = ""] = ROOT.exec(text) ?? [];
  const param = params.find((each) => each.name === root);
  if (param === undefined) {
    const names = params.map((each) => each.name);
    const hint = didYouMean(root, names) ?? `it has ${names.join(", ") || "none"}`;
    return { fact: `"${root}" is no argument of ${name}`, at: 0, hint };
  }
  if (root === text) return param;
  let here: Here = { ...AT_ARGUMENT, type: param.type };
  for (let at = root.length; at < text.length; ) {
    STEP.lastIndex = at;
    const [whole, joint, member, index] = STEP.exec(text) ?? [];
    if (whole === undefined) return { fact: `has "${text[at]}" where "->", "." or "[" was expected`, at };
    const next: Here | Unfound =
      member === undefined
        ? elementOf(btf, here, Number(index))
        : memberOf(btf, here, joint === "->", member, text.slice(0, at));
    if (isUnfound(next)) return { ...next, at: at + next.at };
    here = next;
    at += whole.length;
  }
  return endOf(btf, here, param, text);
}

/** Where in memory a value is, and of which type. */
interface Here {
  readonly pointers: readonly number[];
  readonly offset: number;
  /** Whether it is in memory, rather than in a register as an argument is. */
  readonly inMemory: boolean;
  readonly type: number;
  readonly size?: number;
  readonly bits?: { readonly offset: number; readonly size: number };
}

const AT_ARGUMENT = { pointers: [], offset: 0, inMemory: false } as const;

/** What the pointer here leads to; undefined where there is none. */
function behind(btf: Btf, { pointers, offset, inMemory, type }: Here): Here | undefined {
  const pointer = btf.resolve(type);
  if (pointer.kind !== "ptr") return undefined;
  return {
    pointers: inMemory ? [...pointers, offset] : pointers,
    offset: 0,
    inMemory: true,
    type: pointer.type,
  };
}

function memberOf(btf: Btf, here: Here, isArrow: boolean, name: string, before: string): Here | Unfound {
  const target = behind(btf, here);
  if (isArrow && target === undefined)
    return { fact: `"${before}" is no pointer`, at: 0, hint: dotHint(btf, here) };
  if (!isArrow && target !== undefined)
    return { fact: `"${before}" is a pointer`, at: 0, hint: '"->" leads to what it points to' };
  const holder = (isArrow ? target : here) as Here;
  const struct = btf.resolve(holder.type);
  const known = isComposite(struct) ? memberNames(btf, struct) : [];
  const place = known.includes(name) ? btf.member(holder.type, name) : undefined;
  if (place === undefined)
    return {
      fact: `${describe(btf, struct, holder.type)} has no member "${name}"`,
      at: isArrow ? 2 : 1,
      hint: didYouMean(name, known) ?? (known.length === 0 ? undefined : `it has ${some(known)}`),
    };
  const { offset, size, bits, type } = place;
  return { ...holder, offset: holder.offset + offset, type, size, ...(bits === undefined ? {} : { bits }) };
}

function dotHint(btf: Btf, { type }: Here): string | undefined {
  return isComposite(btf.resolve(type)) ? '"." leads to its members' : undefined;
}

/** Element `index` of the array here, or of what the pointer here leads to. */
function elementOf(btf: Btf, here: Here, index: number): Here | Unfound {
  const array = btf.resolve(here.type);
  const isArray = array.kind === "array";
  const target = isArray ? here : behind(btf, here);
  const type = isArray ? array.type : target?.type;
  const size = type === undefined ? undefined : btf.sizeOf(type);
  if (target === undefined || type === undefined || size === undefined)
    return { fact: "takes an element of what is neither an array nor a pointer to something", at: 0 };
  if (isArray && array.length > 0 && index >= array.length)
    return { fact: `element ${index} is not below the length, ${array.length}`, at: 0 };
  const { pointers, offset, inMemory } = target;
  return { pointers, offset: offset + index * size, inMemory, type, size };
}

function endOf(btf: Btf, here: Here, { index }: FunctionParam, name: string): FunctionParam | Unfound {
  const { pointers, offset } = here;
  const type = btf.resolve(here.type);
  const size = here.size ?? btf.sizeOf(here.type) ?? 0;
  const access = (value: MemberAccess["value"]): MemberAccess => ({ pointers, offset, value });
  if (isNumber(type) && [1, 2, 4, 8].includes(size)) {
    const signed = type.kind !== "ptr" && type.signed;
    const value = { size: size as Size, bits: here.bits && { ...here.bits, signed } };
    return { name, form: formOfMember(btf, here, type), index, access: access(value) };
  }
  const form = type.kind === "array" ? arrayForm(btf, here.type) : structForm(type);
  if (form !== undefined) return { name, form, index, access: access(undefined) };
  const names = isComposite(type) ? memberNames(btf, type) : [];
  return {
    fact: `${describe(btf, type, here.type)} is not shown as a whole`,
    at: 0,
    hint: names.length === 0 ? undefined : `name one of its members: ${some(names)}`,
  };
}

function isNumber(
  type: BtfType,
): type is TypeOfKind<"int"> | TypeOfKind<"enum"> | TypeOfKind<"enum64"> | TypeOfKind<"ptr"> {
  return type.kind === "int" || type.kind === "enum" || type.kind === "enum64" || type.kind === "ptr";
}

/** A bit field may be narrower than its type, but its number is read into as many bytes. */
function formOfMember(btf: Btf, { type, bits }: Here, resolved: BtfType): ValueForm {
  const form = formOfType(btf, type);
  if (bits === undefined || resolved.kind !== "int") return form;
  return form.kind === "int" ? { kind: "int", size: 8, signed: resolved.signed } : form;
}

/** Letters are a string; numbers are shown one by one, those beyond what is kept are left out. */
function arrayForm(btf: Btf, id: number): ValueForm | undefined {
  const array = btf.resolve(id);
  if (array.kind !== "array") return undefined;
  const element = btf.resolve(array.type);
  if (element.kind === "int" && element.name === "char") return { kind: "string", memory: "kernel" };
  if (!isNumber(element)) return undefined;
  const form = element.kind === "ptr" ? plainWord : (formOfType(btf, array.type) as WordForm);
  if (!("size" in form)) return undefined;
  const count = Math.min(array.length, MOST_ARRAY_BYTES / form.size);
  return count === 0 ? undefined : { kind: "numbers", element: form, count, memory: "kernel" };
}

function isComposite(type: BtfType): type is CompositeType {
  return type.kind === "struct" || type.kind === "union";
}

/** The names of members, with those of structs without a name inside. */
function memberNames(btf: Btf, composite: CompositeType, depth = 0): string[] {
  return composite.members.flatMap(({ name, type }) => {
    if (name !== "") return [name];
    const inner = btf.resolve(type);
    return isComposite(inner) && depth < DEEPEST ? memberNames(btf, inner, depth + 1) : [];
  });
}

/** Far deeper than the kernel's structs nest. */
const DEEPEST = 16;
const NAMED = 8;

function some(names: readonly string[]): string {
  return names.length > NAMED ? `${names.slice(0, NAMED).join(", ")}, …` : names.join(", ");
}

function describe(btf: Btf, type: BtfType, id: number): string {
  if (type.kind === "fwd") return `${type.of} "${type.name}", which BTF does not describe,`;
  return `"${btf.format(isComposite(type) ? type.id : id)}"`;
}
