/** `--arg`: which arguments of functions are shown, and how. */
import { UsageError } from "../../core/errors";
import { formNamed, leadsFurther, type ValueForm } from "../../probes/calls/value-form";

/** One argument that is asked for. */
export interface ArgumentWish {
  /** As written, without the name. */
  readonly text: string;
  /** What it is to be called. */
  readonly name: string | undefined;
  /** By its number, from 1, or by its name, with the way to a member. */
  readonly place: number | string;
  /** Undefined where its type shall tell. */
  readonly form: ValueForm | undefined;
}

export interface ArgumentWishes {
  readonly wishes: readonly ArgumentWish[];
  readonly result: ValueForm | undefined;
}

/** More arguments than anybody passes; those on the stack cost a read each. */
const MOST = 12;
/** As many as a program has room for until the return. */
const MOST_WISHES = 24;
const WISH = /^(?:([A-Za-z_]\w*)=)?(\d{1,3}|[A-Za-z_](?:->|[\w.[\]])*)(?::([\w[\]]+))?$/;

/** `1:str,size=2:u64,file->f_inode->i_ino,ret:d`. Throws a UsageError. */
export function parseArguments(text: string): ArgumentWishes {
  let result: ValueForm | undefined;
  const wishes: ArgumentWish[] = [];
  for (const part of text.split(",")) {
    const [, name, place = "", form] = WISH.exec(part.trim()) ?? [];
    if (place === "")
      throw new UsageError(`arg: "${part}" is not like 1:str or size=2:u64`, {
        hint: "the number of the argument from 1, its name, a member behind it, or ret, and a form; a name may stand before it",
      });
    const shown = form === undefined ? undefined : formNamed(form, "arg");
    if (place !== "ret") wishes.push({ text: place, name, place: placeOf(place), form: shown });
    else if (shown !== undefined && leadsFurther(shown))
      throw new UsageError("arg: a result is shown as a number");
    else result = shown ?? formNamed("x", "arg");
  }
  return joinArguments({ wishes: [], result: undefined }, { wishes, result });
}

function placeOf(text: string): number | string {
  if (!/^\d/.test(text)) return text;
  const number = Number(text);
  if (number < 1 || number > MOST) throw new UsageError(`arg: ${number} is not a number from 1 to ${MOST}`);
  return number;
}

/** Both together, when the option was given twice. */
export function joinArguments(earlier: ArgumentWishes, later: ArgumentWishes): ArgumentWishes {
  const wishes = [...earlier.wishes, ...later.wishes];
  if (wishes.length > MOST_WISHES)
    throw new UsageError(`arg: ${wishes.length} arguments are asked for, at most ${MOST_WISHES} are shown`);
  return { wishes, result: later.result ?? earlier.result };
}
