/** From what was thrown to what the user reads and what the shell gets. */
import {
  BpfkitError,
  messageOf,
  NotSupportedError,
  PermissionError,
  UsageError,
  VerifierError,
} from "../core/errors";

/** The exit codes of bpfkit itself; after `--` the command's own status is passed on. */
export const ExitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  lost: 3,
  /** An alert has fired, and the user asked for this code. */
  alert: 4,
  /** EX_UNAVAILABLE of sysexits(3): this kernel lacks something. */
  unsupported: 69,
  /** EX_SOFTWARE: a fault in bpfkit. */
  bug: 70,
  /** EX_NOPERM */
  permission: 77,
} as const;

/** The exit code that `error` ends the program with. */
export function exitCodeOf(error: unknown): number {
  const cause = primary(error);
  if (isClosedPipe(cause)) return ExitCode.done;
  if (cause instanceof UsageError) return ExitCode.usage;
  if (cause instanceof PermissionError) return ExitCode.permission;
  if (cause instanceof NotSupportedError) return ExitCode.unsupported;
  return isExpected(cause) ? ExitCode.failed : ExitCode.bug;
}

/**
 * What to tell the user: message, then hints. With `-v` the causes too, with `-vv` the verifier's log. A fault in
 * bpfkit comes with its stack. Empty when the reader of the output has gone, which is no one's fault.
 */
export function explain(error: unknown, verbosity: number): string {
  const cause = primary(error);
  if (isClosedPipe(cause)) return "";
  const lines = isExpected(cause) ? expected(cause, verbosity) : bug(cause);
  for (const other of companions(error)) lines.push(`bpfkit: then: ${messageOf(other)}`);
  return `${lines.join("\n")}\n`;
}

/** True for the error of writing to a pipe or terminal that nobody reads any more. */
export function isClosedPipe(error: unknown): boolean {
  const { ClosedPipeError } = require("../output/sink") as typeof import("../output/sink");
  if (error instanceof ClosedPipeError) return true;
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  return code === "EPIPE" || (code === "EIO" && syscall === "write");
}

function expected(error: unknown, verbosity: number): string[] {
  const lines = [`bpfkit: ${messageOf(error)}`];
  const hints = error instanceof BpfkitError && error.hint !== undefined ? error.hint.split("\n") : [];
  if (verbosity >= 1) {
    for (let at = causeOf(error); at !== undefined; at = causeOf(at)) {
      lines.push(`cause: ${messageOf(at)}`);
    }
  }
  const rejection = verifierError(error);
  if (rejection !== undefined && verbosity >= 2) {
    lines.push("verifier log:", ...rejection.log.map((line) => `  ${line}`));
  } else if (rejection !== undefined) {
    hints.push(`"-vv" shows the verifier's log, ${rejection.log.length} lines`);
  }
  return [...lines, ...hints.map((hint) => `hint: ${hint}`)];
}

function bug(error: unknown): string[] {
  const stack = (error as { stack?: unknown } | null | undefined)?.stack;
  return [
    `bpfkit: fault in bpfkit: ${typeof stack === "string" ? stack : messageOf(error)}`,
    'hint: please report it with these lines, the command line and the output of "bpfkit doctor"',
  ];
}

/** Raised on purpose, or by the operating system: a Node error that tells the system call. */
function isExpected(error: unknown): boolean {
  if (error instanceof BpfkitError) return true;
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  return typeof code === "string" && typeof syscall === "string";
}

function verifierError(error: unknown): VerifierError | undefined {
  for (let at: unknown = error; at !== undefined; at = causeOf(at))
    if (at instanceof VerifierError) return at;
  return undefined;
}

function causeOf(error: unknown): unknown {
  return (error as { cause?: unknown } | null | undefined)?.cause;
}

/** What `using` throws when closing fails after another error: the first error is the one that matters. */
interface Suppressed {
  readonly name: "SuppressedError";
  readonly suppressed: unknown;
  readonly error: unknown;
}

function isSuppressed(error: unknown): error is Suppressed {
  return (error as { name?: unknown } | null | undefined)?.name === "SuppressedError";
}

function primary(error: unknown): unknown {
  if (isSuppressed(error)) return primary(error.suppressed);
  const [first] = inner(error);
  return first === undefined ? error : primary(first);
}

/** The errors that came after the one that matters. */
function companions(error: unknown): unknown[] {
  if (isSuppressed(error)) return [...companions(error.suppressed), error.error];
  return inner(error).slice(1);
}

function inner(error: unknown): readonly unknown[] {
  const { name, errors } = (error ?? {}) as { name?: unknown; errors?: unknown };
  return name === "AggregateError" && Array.isArray(errors) ? errors : [];
}
