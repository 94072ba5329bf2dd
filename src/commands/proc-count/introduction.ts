import type { Context } from "../context";
import type { Options } from "./options";

/** The line that says what is traced and how to end it. */
export function introduction({ duration }: Options, { tracee }: Context): string {
  if (tracee !== undefined) return `tracing the executions of "${tracee.command.join(" ")}" until it ends`;
  return duration === undefined ? "tracing executions, Ctrl-C to end" : "tracing executions";
}
