/**
 * A condition on a call, as people write it:
 *
 *     count > 4096 && ret < 0
 *     flags & 0x40 || !(size == 0)
 *     duration >= 10ms && ret == -ENOENT
 *     filename == "/etc/*" && flags & O_CREAT
 *     file->f_inode->i_size > 4096
 *
 * Names are arguments, with `->`, `.` and `[n]` members behind them, `ret` is the result and `duration` how long the call
 * took; others are of values and flags. `&&` binds stronger than `||`. Pure.
 */
import { errnoNumber } from "../../core/errno";
import type { ErrorDetails, UsageError } from "../../core/errors";
import { NS_PER } from "../../core/units";
import { pointingError } from "../pointer";

/** A number, or what has this name in a call; `mask` keeps some of its bits, until names are bound by a name. */
export type Operand = { readonly at: number; readonly mask: bigint | NameAt | undefined } & (
  | ({ readonly kind: "name" } & Omit<NameAt, "at">)
  | { readonly kind: "number"; readonly value: bigint }
);

/** A name, and where it stands. */
export interface NameAt {
  readonly name: string;
  readonly at: number;
}

/** Letters in quotes; with a `*` behind them any that begin so. */
export interface Pattern {
  readonly text: string;
  readonly isPrefix: boolean;
}

export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=";

export type Condition =
  | { readonly kind: "and" | "or"; readonly left: Condition; readonly right: Condition }
  | { readonly kind: "not"; readonly of: Condition }
  | { readonly kind: "compare"; readonly op: Comparison; readonly left: Operand; readonly right: Operand }
  /** Whether the string of that name is like the pattern. */
  | { readonly kind: "match"; readonly of: NameAt; readonly pattern: Pattern };

/** A condition and the text it was. */
export interface Filter {
  readonly text: string;
  readonly condition: Condition;
}

/** The names of what is known only when a call has returned. */
export const RESULT_NAME = "ret";
export const DURATION_NAME = "duration";

/** An error about the filter `text` that points at its letter `at`. */
export function filterError(text: string, at: number, fact: string, details?: ErrorDetails): UsageError {
  return pointingError("filter", text, at, fact, details);
}

interface Token {
  readonly text: string;
  readonly at: number;
}

const TOKEN =
  /\s*(&&|\|\||[=!<>]=|[<>!()&]|-(?!>)|0x[0-9a-fA-F]+|\d+[a-zA-Z]*|[A-Za-z_]\w*(?:(?:->|\.)[A-Za-z_]\w*|\[\d+\])*|"[^"]*"|'[^']*'|$)/y;
const NUMBER = /^(?:(0x[0-9a-f]+)|(\d+)(ns|us|ms|s|K|M|G)?)$/i;
const UNITS: Readonly<Record<string, number>> = {
  ...{ ns: NS_PER.ns, us: NS_PER.us, ms: NS_PER.ms, s: NS_PER.s },
  ...{ K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 },
};
/** Bytes of a string that is compared with: the program keeps it on its stack. */
export const LONGEST_TEXT = 63;
const COMPARISONS: readonly string[] = ["==", "!=", "<", "<=", ">", ">="];

/** Understands a condition. Throws a UsageError that points at what it does not understand. */
export function parseFilter(text: string): Filter {
  const parser = new Parser(text);
  const condition = parser.either();
  parser.end();
  return { text, condition };
}

/** By recursive descent; each method takes the tokens of what it is called after. */
class Parser {
  private readonly tokens: readonly Token[];
  private next = 0;

  constructor(private readonly text: string) {
    this.tokens = tokensOf(text);
  }

  either(): Condition {
    let left = this.both();
    while (this.takes("||")) left = { kind: "or", left, right: this.both() };
    return left;
  }

  end(): void {
    const { text, at } = this.token();
    if (text !== "") throw filterError(this.text, at, `has "${text}" where "&&" or "||" was expected`);
  }

  private both(): Condition {
    let left = this.one();
    while (this.takes("&&")) left = { kind: "and", left, right: this.one() };
    return left;
  }

  private one(): Condition {
    if (this.takes("!")) return { kind: "not", of: this.one() };
    if (!this.takes("(")) return this.comparison();
    const inner = this.either();
    const { text, at } = this.token();
    if (!this.takes(")"))
      throw filterError(this.text, at, `has ${text === "" ? "an end" : `"${text}"`} where ")" was expected`);
    return inner;
  }

  private comparison(): Condition {
    const left = this.operand();
    const { text, at } = this.token();
    const isQuoted = /^["']/.test(this.tokens[this.next + 1]?.text ?? "");
    if (isQuoted && COMPARISONS.includes(text)) return this.match(left);
    if (!COMPARISONS.includes(text)) {
      const zero = { kind: "number", value: 0n, mask: undefined, at } as const;
      return { kind: "compare", op: "!=", left, right: zero };
    }
    this.next++;
    return { kind: "compare", op: text as Comparison, left, right: this.operand() };
  }

  /** `filename == "/etc/*"`; the operand has been taken. */
  private match(of: Operand): Condition {
    const { text: op, at } = this.token();
    const { text: quoted } = this.tokens[this.next + 1] as Token;
    if (op !== "==" && op !== "!=")
      throw filterError(this.text, at, `has "${op}" before a string, which is compared with "==" and "!="`);
    if (of.kind !== "name" || of.mask !== undefined)
      throw filterError(this.text, of.at, "compares a string with what is no name");
    this.next += 2;
    const inside = quoted.slice(1, -1);
    const isPrefix = inside.endsWith("*");
    const text = isPrefix ? inside.slice(0, -1) : inside;
    if (Buffer.byteLength(text) > LONGEST_TEXT)
      throw filterError(this.text, at, `compares a string of more than ${LONGEST_TEXT} bytes`);
    const match = { kind: "match", of: { name: of.name, at: of.at }, pattern: { text, isPrefix } } as const;
    return op === "==" ? match : { kind: "not", of: match };
  }

  private operand(): Operand {
    const plain = this.plainOperand();
    if (!this.takes("&")) return plain;
    const mask = this.plainOperand();
    return { ...plain, mask: mask.kind === "number" ? mask.value : { name: mask.name, at: mask.at } };
  }

  private plainOperand(): Operand {
    const { at } = this.token();
    const isNegative = this.takes("-");
    const { text } = this.token();
    const value = isNegative ? (errnoOf(text) ?? numberOf(text)) : numberOf(text);
    if (value !== undefined) {
      this.next++;
      return { kind: "number", value: isNegative ? -value : value, mask: undefined, at };
    }
    if (isNegative || !/^[A-Za-z_]/.test(text))
      throw filterError(
        this.text,
        this.token().at,
        `has ${text === "" ? "an end" : `"${text}"`} where a name or a number was expected`,
      );
    this.next++;
    return { kind: "name", name: text, mask: undefined, at };
  }

  private token(): Token {
    return this.tokens[this.next] as Token;
  }

  private takes(text: string): boolean {
    if (this.token().text !== text) return false;
    this.next++;
    return true;
  }
}

/** The last token is empty. */
function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (;;) {
    const from = TOKEN.lastIndex;
    const [whole, token = ""] = TOKEN.exec(text) ?? [];
    if (whole === undefined) {
      const at = from + /^\s*/.exec(text.slice(from))![0].length;
      throw filterError(text, at, `has "${text[at]}", which means nothing there`);
    }
    tokens.push({ text: token, at: from + whole.length - token.length });
    if (token === "") return tokens;
  }
}

function numberOf(text: string): bigint | undefined {
  const [, hex, digits, unit] = NUMBER.exec(text) ?? [];
  if (hex !== undefined) return BigInt(hex);
  if (digits === undefined) return undefined;
  const factor = unit === undefined ? 1 : UNITS[unit];
  return factor === undefined ? undefined : BigInt(digits) * BigInt(factor);
}

/** `ENOENT` is 2. */
function errnoOf(name: string): bigint | undefined {
  const number = /^E[A-Z0-9]+$/.test(name) ? errnoNumber(name) : undefined;
  return number === undefined ? undefined : BigInt(number);
}

/** Understands the name of one number of a call. Throws a UsageError. */
export function parseNumberName(text: string): Filter {
  const filter = parseFilter(text);
  const { condition } = filter;
  if (condition.kind !== "compare" || condition.left.kind !== "name" || condition.left.name !== text)
    throw filterError(text, 0, "is not the name of one argument");
  return filter;
}

/** The names in a condition, each with where it stands; masks are not among them. */
export function* namesIn(condition: Condition): Generator<NameAt> {
  if (condition.kind === "not") yield* namesIn(condition.of);
  else if (condition.kind === "match") yield condition.of;
  else if (condition.kind === "compare") {
    for (const operand of [condition.left, condition.right]) if (operand.kind === "name") yield operand;
  } else {
    yield* namesIn(condition.left);
    yield* namesIn(condition.right);
  }
}

/** Whether the condition can be decided only when a call has returned. */
export function needsReturn({ condition }: Filter): boolean {
  return [...namesIn(condition)].some(({ name }) => name === RESULT_NAME || name === DURATION_NAME);
}
