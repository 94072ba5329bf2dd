import { type ErrorDetails, UsageError } from "../../core/errors";

/** An error about the target `text` that points at the letter `at` (from 0); its hints stand below. */
export function targetError(text: string, at: number, fact: string, details: ErrorDetails = {}): UsageError {
  const pointer = `${text}\n${" ".repeat(at)}^`;
  const hint = details.hint === undefined ? pointer : `${pointer}\n${details.hint}`;
  return new UsageError(`target "${text}": ${fact}`, { ...details, hint });
}
