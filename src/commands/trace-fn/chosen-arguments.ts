/** Which arguments of a function are shown, and which others its conditions need. Pure. */
import { didYouMean } from "../../core/suggest";
import { isUnfound, type Unfound } from "../../probes/calls/member-form";
import { leadsFurther, type Param, plainWord, type ValueForm } from "../../probes/calls/value-form";
import {
  DURATION_NAME,
  type Filter,
  filterError,
  namesIn,
  RESULT_NAME,
} from "../../probes/conditions/condition";
import { pointingError } from "../../probes/pointer";
import type { ArgumentWish, ArgumentWishes } from "./argument-option";

/** A function whose arguments can be chosen from. */
export interface Choice<P extends Param> {
  readonly name: string;
  /** What is shown where nobody asks. */
  readonly all: readonly P[];
  /** The argument of that name, or a member behind it. */
  find(text: string): P | Unfound;
  /** The argument with that number, from 1; undefined where numbers are not meant for it. */
  numbered?: ((number: number) => P) | undefined;
  /** Whether there can be files of the kernel's behind it. */
  readonly paths: boolean;
}

export interface Chosen<P> {
  readonly params: readonly P[];
  /** What conditions ask for and nobody sees. */
  readonly hidden: readonly P[];
}

/** Chooses as `--arg`, `--filter` and `--dist` say. Throws a UsageError that points at what there is not. */
export function chosenArguments<P extends Param>(
  choice: Choice<P>,
  args: ArgumentWishes | undefined,
  conditions: readonly Filter[],
): Chosen<P> {
  const { numbered } = choice;
  // Numbers are of functions: other calls show all there is.
  const wishes = (args?.wishes ?? []).filter(
    ({ place }) => typeof place === "string" || numbered !== undefined,
  );
  const params = wishes.length === 0 ? choice.all : wishes.map((wish) => wished(choice, wish));
  const hidden = new Map<string, P>();
  for (const { text, condition } of conditions)
    for (const { name, at } of namesIn(condition)) {
      if (name === RESULT_NAME || name === DURATION_NAME || params.some((param) => param.name === name))
        continue;
      const found = choice.find(name);
      if (!isUnfound(found)) hidden.set(name, found);
      // A word by itself may be the name of a value; if not, that is found out with the types of all.
      else if (!/^\w+$/.test(name)) throw filterError(text, at + found.at, found.fact, { hint: found.hint });
    }
  return { params, hidden: [...hidden.values()] };
}

/** Finds arguments by their names where nothing is behind them. */
export function namedAmong<P extends Param>(
  name: string,
  params: readonly P[],
): (text: string) => P | Unfound {
  return (text) => {
    const found = params.find((param) => param.name === text);
    if (found !== undefined) return found;
    const [root = ""] = /^\w*/.exec(text) ?? [];
    const names = params.map((param) => param.name);
    if (names.includes(root)) return { fact: `of ${name} no members are known`, at: root.length };
    const hint = didYouMean(root, names) ?? `it has ${names.join(", ") || "none"}`;
    return { fact: `"${root}" is no argument of ${name}`, at: 0, hint };
  };
}

function wished<P extends Param>(choice: Choice<P>, { text, name, place, form }: ArgumentWish): P {
  const found =
    typeof place === "number" ? (choice.numbered as (number: number) => P)(place) : choice.find(place);
  if (isUnfound(found)) throw pointingError("arg", text, found.at, found.fact, { hint: found.hint });
  return {
    ...found,
    name: name ?? found.name,
    form: form === undefined ? found.form : formAsked(choice, found, form, text),
  };
}

/** Of a path the type decides what leads to it; where nobody knows the type, a file. */
function formAsked<P extends Param>(
  choice: Choice<P>,
  { form }: P,
  asked: ValueForm,
  text: string,
): ValueForm {
  if (asked.kind !== "path") return asked;
  if (choice.paths && form.kind === "path") return form;
  if (choice.paths && form === plainWord) return asked;
  throw pointingError("arg", text, 0, `is no file, path or dentry of the kernel's in ${choice.name}`, {
    hint: leadsFurther(form) ? undefined : "str shows a string, x an address",
  });
}
