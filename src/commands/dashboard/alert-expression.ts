/**
 * The conditions of `--alert`:
 *
 *     opens > 5000/s for 3s
 *     avg failed >= 100/s clear < 50/s
 *     ewma tx-bytes > 10M/s for 10s clear < 8M/s
 *     total drops > 0
 *
 * A value a second is compared with the rate of each interval, or with its average after `avg` or `ewma`; a plain
 * value with the total. Pure.
 */
import { UsageError } from "../../core/errors";
import { didYouMean } from "../../core/suggest";
import { parseDuration } from "../../core/units";

export const alertFigures = ["rate", "avg", "ewma", "total"] as const;
export type AlertFigure = (typeof alertFigures)[number];

const comparisons = {
  ">": (a: number, b: number) => a > b,
  ">=": (a: number, b: number) => a >= b,
  "<": (a: number, b: number) => a < b,
  "<=": (a: number, b: number) => a <= b,
} as const;
type Comparison = keyof typeof comparisons;

/** A figure against a limit. */
export interface Threshold {
  readonly comparison: Comparison;
  readonly limit: number;
}

/** An alert as asked for. */
export interface Alert {
  /** As written, blanks made one. */
  readonly text: string;
  readonly counter: string;
  readonly figure: AlertFigure;
  readonly fires: Threshold;
  /** How long it must hold. */
  readonly forNs: number;
  /** When it is over; unless given, when `fires` holds no more. */
  readonly clears: Threshold | undefined;
}

/** Whether a figure is on the far side of a threshold. */
export function crosses({ comparison, limit }: Threshold, value: number): boolean {
  return comparisons[comparison](value, limit);
}

/** Whether some value is on the far side of both. */
function meet(one: Threshold, other: Threshold): boolean {
  if (one.comparison[0] === other.comparison[0]) return true;
  const [above, below] = one.comparison[0] === ">" ? [one, other] : [other, one];
  const touches = above.comparison === ">=" && below.comparison === "<=";
  return above.limit < below.limit || (touches && above.limit === below.limit);
}

interface Token {
  readonly text: string;
  /** From 1. */
  readonly column: number;
}

/** Powers of 1000: these are counts. */
const SCALE: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9 };
const LIMIT = /^(\d+(?:\.\d+)?)([kmg]?)(\/s)?$/i;

/** Understands an alert on one of the counters `known`. Throws a UsageError that points at the column. */
export function parseAlert(expression: string, known: readonly string[]): Alert {
  return new Parser(expression, known).alert();
}

class Parser {
  private readonly tokens: readonly Token[];
  private at = 0;

  constructor(
    private readonly expression: string,
    private readonly known: readonly string[],
  ) {
    this.tokens = [...expression.matchAll(/[<>]=?|[^\s<>]+/g)].map(({ 0: text, index }) => ({
      text,
      column: index + 1,
    }));
  }

  alert(): Alert {
    const asked = alertFigures.find((figure) => figure === this.peek()?.text);
    if (asked !== undefined) this.at++;
    const counter = this.counter();
    const fires = this.threshold();
    const figure = this.figureOf(asked, fires);
    const forNs = this.accept("for") ? this.duration() : 0;
    const clears = this.accept("clear") ? this.clearing(fires) : undefined;
    const rest = this.peek();
    if (rest !== undefined)
      throw this.wrong(
        rest,
        `"${rest.text}" is not expected`,
        'after the limit stand "for TIME" and "clear < LIMIT"',
      );
    const text = this.tokens.map((token) => token.text).join(" ");
    return { text, counter, figure, fires: fires.value, forNs, clears };
  }

  private counter(): string {
    const token = this.next("a counter", "an alert is like opens > 5000/s for 3s");
    if (this.known.includes(token.text)) return token.text;
    const hint = didYouMean(token.text, [...this.known, ...alertFigures]);
    throw this.wrong(token, `"${token.text}" is not counted`, hint ?? `counted are ${this.known.join(", ")}`);
  }

  private threshold(): { readonly value: Threshold; readonly isRate: boolean; readonly token: Token } {
    const hint = `one of ${Object.keys(comparisons).join(" ")}`;
    const sign = this.next("a comparison", hint);
    if (!(sign.text in comparisons)) throw this.wrong(sign, `"${sign.text}" is no comparison`, hint);
    const token = this.next("a limit", "a number, such as 5000/s or 10M");
    const match = LIMIT.exec(token.text);
    if (match === null)
      throw this.wrong(
        token,
        `"${token.text}" is no limit`,
        "a number, perhaps with k, M or G, and /s for a rate",
      );
    const limit = Number(match[1]) * (SCALE[(match[2] as string).toLowerCase()] as number);
    return {
      value: { comparison: sign.text as Comparison, limit },
      isRate: match[3] !== undefined,
      token,
    };
  }

  private figureOf(asked: AlertFigure | undefined, { isRate, token }: { isRate: boolean; token: Token }) {
    const figure = asked ?? (isRate ? "rate" : "total");
    if ((figure === "total") === !isRate) return figure;
    throw isRate
      ? this.wrong(token, `a total is no rate`, `write ${token.text.slice(0, -2)}, or leave out "total"`)
      : this.wrong(token, `"${figure}" is a rate`, `write ${token.text}/s`);
  }

  private clearing(fires: { readonly value: Threshold; readonly isRate: boolean }): Threshold {
    const { value, isRate, token } = this.threshold();
    if (isRate !== fires.isRate)
      throw this.wrong(token, "one limit is a rate and the other a total", "give both with /s, or none");
    if (meet(fires.value, value))
      throw this.wrong(token, "it would clear while it still fires", "the two ranges must not meet");
    return value;
  }

  private duration(): number {
    const token = this.next("a time", "such as 3s");
    try {
      return parseDuration(token.text, { name: "for" });
    } catch {
      throw this.wrong(token, `"${token.text}" is no time`, "such as 500ms, 3s or 2m");
    }
  }

  private accept(word: string): boolean {
    const found = this.peek()?.text === word;
    if (found) this.at++;
    return found;
  }

  private peek(): Token | undefined {
    return this.tokens[this.at];
  }

  private next(what: string, hint: string): Token {
    const token = this.tokens[this.at++];
    if (token !== undefined) return token;
    const column = this.expression.trimEnd().length + 1;
    throw this.wrong({ text: "", column }, `${what} is missing`, hint);
  }

  private wrong({ column }: Token, fact: string, hint: string): UsageError {
    const pointer = `${this.expression}\n${" ".repeat(column - 1)}^`;
    return new UsageError(`alert: column ${column}: ${fact}`, { hint: `${pointer}\n${hint}` });
  }
}
