import { UsageError } from "../core/errors";

/** `text` if it is one of `allowed`; otherwise a UsageError that lists them and suggests the nearest. */
export function choice<C extends string>(option: string, text: string, allowed: readonly C[]): C {
  if ((allowed as readonly string[]).includes(text)) return text as C;
  const { didYouMean } = require("../core/suggest") as typeof import("../core/suggest");
  throw new UsageError(`${option}: "${text}" is none of ${allowed.join(", ")}`, {
    hint: didYouMean(text, allowed),
  });
}
