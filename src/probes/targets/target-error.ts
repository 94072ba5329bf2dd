import type { ErrorDetails, UsageError } from "../../core/errors";
import { pointingError } from "../pointer";

/** An error about the target `text` that points at the letter `at` (from 0). */
export function targetError(text: string, at: number, fact: string, details?: ErrorDetails): UsageError {
  return pointingError("target", text, at, fact, details);
}
