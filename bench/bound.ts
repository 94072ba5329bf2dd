/** A promise of issue 2, and what came out. */
export interface Bound {
  readonly what: string;
  readonly limit: number;
  /** Undefined when it could not be measured here. */
  readonly measured: number | undefined;
  /** "×", "ms", "MB", "%" */
  readonly unit: string;
}

export type Verdict = "holds" | "BROKEN" | "not measured";

/** Whether a bound holds. */
export function verdictOf({ limit, measured }: Bound): Verdict {
  if (measured === undefined || Number.isNaN(measured)) return "not measured";
  return measured <= limit ? "holds" : "BROKEN";
}

/** The cells of a bound: what, measured, limit, verdict. */
export function boundCells(bound: Bound): string[] {
  const { what, limit, measured, unit } = bound;
  const digits = unit === "×" ? 2 : 1;
  const figure = (value: number) => `${value.toFixed(digits)} ${unit}`;
  const found = measured === undefined || Number.isNaN(measured) ? "" : figure(measured);
  return [what, found, `≤ ${figure(limit)}`, verdictOf(bound)];
}
