import { type ErrorDetails, UsageError } from "../core/errors";

/** An error about `text` that points at its letter `at` (from 0); further hints stand below. */
export function pointingError(
  what: string,
  text: string,
  at: number,
  fact: string,
  details: ErrorDetails = {},
): UsageError {
  const pointer = `${text}\n${" ".repeat(at)}^`;
  const hint = details.hint === undefined ? pointer : `${pointer}\n${details.hint}`;
  return new UsageError(`${what} "${text}": ${fact}`, { ...details, hint });
}
