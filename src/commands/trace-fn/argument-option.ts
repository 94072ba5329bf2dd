/** `--arg`: which arguments of functions are shown, and how. */
import { UsageError } from "../../core/errors";
import type { FunctionParam } from "../../probes/calls/function-calls";
import { formNamed, isString, type ValueForm } from "../../probes/calls/value-form";

/** What was asked for of functions whose types nobody knows. */
export interface ArgumentWishes {
  readonly params: readonly FunctionParam[];
  readonly result: ValueForm | undefined;
}

/** More arguments than anybody passes; those on the stack cost a read each. */
const MOST = 12;
const WISH = /^(?:([A-Za-z_]\w*)=)?(\d{1,3}|ret)(?::(\w+))?$/;

/** `1:str,size=2:u64,ret:d`. Throws a UsageError. */
export function parseArguments(text: string): ArgumentWishes {
  let result: ValueForm | undefined;
  const params: FunctionParam[] = [];
  for (const part of text.split(",")) {
    const [, name, place = "", form = "x"] = WISH.exec(part.trim()) ?? [];
    if (place === "")
      throw new UsageError(`arg: "${part}" is not like 1:str or size=2:u64`, {
        hint: "the number of the argument from 1, or ret, and a form; a name may stand before it",
      });
    const shown = formNamed(form, "arg");
    if (place !== "ret") params.push(param(name ?? `arg${place}`, Number(place), shown));
    else if (isString(shown)) throw new UsageError("arg: a result is shown as a number, not as a string");
    else result = shown;
  }
  return { params, result };
}

function param(name: string, number: number, form: ValueForm): FunctionParam {
  if (number < 1 || number > MOST) throw new UsageError(`arg: ${number} is not a number from 1 to ${MOST}`);
  return { name, form, index: number - 1 };
}

/** Both together, when the option was given twice. */
export function joinArguments(earlier: ArgumentWishes, later: ArgumentWishes): ArgumentWishes {
  return { params: [...earlier.params, ...later.params], result: later.result ?? earlier.result };
}
