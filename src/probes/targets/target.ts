/**
 * What to trace, as people write it:
 *
 *     vfs_read              a function of the kernel
 *     tcp_*  /^tcp_v[46]/   those a shell pattern or a regular expression matches
 *     nf_tables:nft_do_*    of a module
 *     libc:malloc           of a library, or of a program found in PATH
 *     /usr/bin/node:main    of a file
 *     :main                 of the program that -p names
 *     vfs_read+0x12         an instruction in a function
 *     t:sched:sched_switch  a tracepoint
 *     s:openat              a system call
 *     r:vfs_read            the return only
 *
 * Pure: whether a name before the colon is a module or a library, the caller tells.
 */
import { messageOf } from "../../core/errors";
import { didYouMean } from "../../core/suggest";
import { type NamePattern, namePattern } from "./name-pattern";
import { targetError } from "./target-error";

interface Common {
  /** As written. */
  readonly text: string;
  readonly pattern: NamePattern;
  /** Only the return is of interest. */
  readonly returnOnly: boolean;
}

/** Functions of the kernel, or of one of its modules. */
export interface KernelTarget extends Common {
  readonly kind: "kernel";
  readonly module: string | undefined;
  /** Bytes from the start of the function. */
  readonly offset: number;
}

/** Functions of programs and libraries. */
export interface UserTarget extends Common {
  readonly kind: "user";
  /** A path, the name of a library or program, or undefined: the program of `-p`. */
  readonly file: string | undefined;
  readonly offset: number;
}

export interface TracepointTarget extends Common {
  readonly kind: "tracepoint";
  readonly category: NamePattern;
}

export interface SyscallTarget extends Common {
  readonly kind: "syscall";
}

export type Target = KernelTarget | UserTarget | TracepointTarget | SyscallTarget;

/** What of the machine decides how a target is understood. */
export interface TargetFacts {
  /** Whether the kernel has a module of this name loaded. */
  isModule(name: string): boolean;
}

/** A piece of the text and where it begins in it, from 0. */
interface Piece {
  readonly text: string;
  readonly at: number;
}

/** Understands one target. Throws a UsageError that points at what it does not understand. */
export function parseTarget(text: string, facts: TargetFacts): Target {
  const whole = { text, at: 0 };
  if (text === "") throw targetError(text, 0, "is empty");
  const returnOnly = text.startsWith("r:");
  const rest = returnOnly ? after(whole, 2) : whole;
  const common = { text, returnOnly };
  if (rest.text.startsWith("s:")) return { kind: "syscall", ...common, pattern: name(text, after(rest, 2)) };
  if (rest.text.startsWith("t:")) return tracepoint(text, after(rest, 2), returnOnly);
  return callable(text, rest, returnOnly, facts);
}

function tracepoint(text: string, rest: Piece, returnOnly: boolean): TracepointTarget {
  if (returnOnly)
    throw targetError(text, 0, "asks for the return of a tracepoint, which has none", {
      hint: `use "${text.slice(2)}"`,
    });
  const colon = rest.text.indexOf(":");
  if (colon < 0)
    throw targetError(text, rest.at + rest.text.length, "has no event after the category", {
      hint: "a tracepoint is written like t:sched:sched_switch",
    });
  const category = name(text, { text: rest.text.slice(0, colon), at: rest.at });
  return { kind: "tracepoint", text, returnOnly, category, pattern: name(text, after(rest, colon + 1)) };
}

function callable(
  text: string,
  rest: Piece,
  returnOnly: boolean,
  facts: TargetFacts,
): KernelTarget | UserTarget {
  const colon = scopeEnd(rest.text);
  const scope = colon < 0 ? undefined : rest.text.slice(0, colon);
  const piece = colon < 0 ? rest : after(rest, colon + 1);
  const { pattern, offset } = place(text, piece, returnOnly);
  const common = { text, pattern, returnOnly, offset };
  if (scope === undefined) return { kind: "kernel", ...common, module: undefined };
  checkScope(text, { text: scope, at: rest.at });
  if (facts.isModule(scope)) return { kind: "kernel", ...common, module: scope };
  return { kind: "user", ...common, file: scope === "" ? undefined : scope };
}

/** Where the colon after a module, library or path stands; −1 if there is none. A `(?:` is part of an expression. */
function scopeEnd(text: string): number {
  // In a bare regular expression colons have another meaning, but a path begins with a slash too.
  for (let at = text.indexOf(":"); at >= 0; at = text.indexOf(":", at + 1))
    if (text.slice(at - 2, at) !== "(?" && text[at - 1] !== "[") return at;
  return -1;
}

const KINDS = ["r", "s", "t"];

function checkScope(text: string, { text: scope, at }: Piece): void {
  const bad = /[\s,;*?]/.exec(scope);
  if (bad !== null)
    throw targetError(text, at + bad.index, `has "${bad[0]}" in the name of a file or module`, {
      hint: "patterns are for functions: libc:mem*",
    });
  // "k:" or "p:" of other tools: one letter is no library.
  if (/^[a-z]$/.test(scope) && !KINDS.includes(scope))
    throw targetError(text, at, `begins with "${scope}:", which means nothing`, {
      hint: "prefixes are s: (system call), t: (tracepoint) and r: (return); a kernel function needs none",
    });
}

/** `func`, `func+0x12`, or a pattern. */
function place(text: string, piece: Piece, returnOnly: boolean): { pattern: NamePattern; offset: number } {
  const plus = /^[^/]*?\+/.test(piece.text) ? piece.text.indexOf("+") : -1;
  if (plus < 0) return { pattern: name(text, piece), offset: 0 };
  const digits = piece.text.slice(plus + 1);
  if (!/^(0x[0-9a-f]{1,8}|\d{1,9})$/i.test(digits))
    throw targetError(text, piece.at + plus + 1, `has the offset "${digits}", which is no number`, {
      hint: "an offset is in bytes: +18 or +0x12",
    });
  const pattern = name(text, { text: piece.text.slice(0, plus), at: piece.at });
  if (returnOnly)
    throw targetError(text, piece.at + plus, "has an offset, but a return is no place in a function");
  if (pattern.kind !== "exact")
    throw targetError(text, piece.at + plus, "has an offset into functions of a pattern");
  return { pattern, offset: Number(digits) };
}

/** What the names of functions consist of: C's letters, the compiler's suffixes, and those of symbol versions. */
const NAME = /^[\w.$@]+$/;
const GLOB = /^[\w.$@*?[\]^-]+$/;

function name(text: string, { text: part, at }: Piece): NamePattern {
  if (part === "") throw targetError(text, at, "has no name there");
  let pattern: NamePattern;
  try {
    pattern = namePattern(part);
  } catch (error) {
    throw targetError(text, at, `has an expression that is none: ${messageOf(error)}`, { cause: error });
  }
  if (pattern.kind === "regexp") return pattern;
  if (part.startsWith("/"))
    throw targetError(text, at, "begins like a path or an expression, but is neither", {
      hint: "a function of a file is written /path/of/file:function, an expression ends with /",
    });
  const allowed = pattern.kind === "glob" ? GLOB : NAME;
  const bad = [...part].findIndex((letter) => !allowed.test(letter));
  if (bad >= 0) throw targetError(text, at + bad, `has "${[...part][bad]}" in a name`);
  return pattern;
}

function after({ text, at }: Piece, count: number): Piece {
  return { text: text.slice(count), at: at + count };
}

/** What to say of a name that matches nothing, with the nearest of `known` as a hint. */
export function nothingMatches(target: Target, what: string, known: Iterable<string>): Error {
  const { text, pattern } = target;
  const meant = pattern.kind === "exact" ? didYouMean(pattern.text, known) : undefined;
  return targetError(text, text.lastIndexOf(pattern.text), `matches no ${what}`, { hint: meant });
}
