/**
 * What can go wrong, by who can mend it. Messages are `operation: fact`, lower case, values quoted;
 * the advice is the `hint`, printed on a line of its own. `src/cli/exit.ts` maps each class to an exit code.
 */
import { errnoName } from "./errno";

/** What an error carries besides its message. */
export interface ErrorDetails {
  readonly cause?: unknown;
  /** What the user can do about it: one line, or several separated by newlines. */
  readonly hint?: string | undefined;
}

/** Every error bpfkit raises on purpose. */
export class BpfkitError extends Error {
  static {
    BpfkitError.prototype.name = "BpfkitError";
  }
  readonly hint: string | undefined;
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.hint = details.hint;
  }
}

/** The command line, or an argument of the library, is wrong. */
export class UsageError extends BpfkitError {
  static {
    UsageError.prototype.name = "UsageError";
  }
}

/** The rights are missing; the hint names the capabilities and the line that grants them. */
export class PermissionError extends BpfkitError {
  static {
    PermissionError.prototype.name = "PermissionError";
  }
}

/** This kernel or this architecture lacks something. */
export class NotSupportedError extends BpfkitError {
  static {
    NotSupportedError.prototype.name = "NotSupportedError";
  }
}

/** A system call failed in a way nobody above could explain better. */
export class SyscallError extends BpfkitError {
  static {
    SyscallError.prototype.name = "SyscallError";
  }
  /** The errno's name, such as "EPERM"; 524, which only the kernel uses, is "ENOTSUPP". */
  readonly code: string;
  constructor(
    readonly call: string,
    readonly errno: number,
    details: ErrorDetails = {},
  ) {
    super(`${call}: ${errnoName(errno)}`, details);
    this.code = errnoName(errno);
  }
}

/** The verifier rejected a program. */
export class VerifierError extends BpfkitError {
  static {
    VerifierError.prototype.name = "VerifierError";
  }
  constructor(
    message: string,
    /** The verifier's whole log, a line each. */
    readonly log: readonly string[],
    details: ErrorDetails = {},
  ) {
    super(message, details);
  }
}

/** True for a SyscallError or a Node error that carries this code. Under Jest `instanceof Error` lies. */
export function hasCode(error: unknown, code: string): boolean {
  return typeof error === "object" && error !== null && (error as { code?: unknown }).code === code;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return typeof error === "object" && error !== null && "message" in error
    ? String((error as { message: unknown }).message)
    : String(error);
}
