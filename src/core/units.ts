/** Durations and sizes as people type and read them. Inside bpfkit a duration is nanoseconds, a size is bytes. */
import { UsageError } from "./errors";

/** Nanoseconds per unit of time, smallest first. */
export const NS_PER = {
  ns: 1,
  us: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
  d: 86_400e9,
} as const;

export type TimeUnit = keyof typeof NS_PER;

const BYTES_PER = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 } as const;
const NUMBER = String.raw`(-?(?:\d+(?:\.\d*)?|\.\d+))`;
const DURATION = new RegExp(`^${NUMBER}\\s*(ns|us|µs|μs|ms|s|m|h|d)?$`);
const SIZE = new RegExp(`^${NUMBER}\\s*([kmgt]?)(?:i?b)?$`, "i");
const DURATION_HINT = "a number of seconds, or a number with ns, us, ms, s, m, h or d: 1.5, 500ms, 10s, 2m";
const SIZE_HINT = "a number of bytes, or one with K, M, G or T (powers of 1024): 4096, 64K, 1M";

/** What parseDuration and parseSize accept beyond a positive value. */
export interface AmountOptions {
  /** The name used in messages; "duration" or "size" unless given. */
  readonly name?: string;
  readonly allowZero?: boolean;
}

/** "500ms", "10s", "2m" or a plain number of seconds, as whole nanoseconds. Throws UsageError. */
export function parseDuration(text: string, options: AmountOptions = {}): number {
  const { name = "duration", allowZero = false } = options;
  const match = DURATION.exec(text.trim());
  if (match === null) throw wrong(name, text, "not a duration", DURATION_HINT);
  const unit = (match[2] ?? "s").replace(/^[\u00b5\u03bc]/, "u") as TimeUnit;
  return checked(Number(match[1]) * NS_PER[unit], { name, text, allowZero, hint: DURATION_HINT });
}

/** "64K", "1M" or a plain number, as whole bytes. Units are powers of 1024. Throws UsageError. */
export function parseSize(text: string, options: AmountOptions = {}): number {
  const { name = "size", allowZero = false } = options;
  const match = SIZE.exec(text.trim());
  if (match === null) throw wrong(name, text, "not a size", SIZE_HINT);
  const unit = (match[2] ?? "").toUpperCase() as keyof typeof BYTES_PER;
  return checked(Number(match[1]) * BYTES_PER[unit], { name, text, allowZero, hint: SIZE_HINT });
}

/** A duration for a sentence, three significant digits: "500ms", "1.5s", "2m". parseDuration reads it. */
export function formatDuration(ns: number): string {
  const steps: readonly (readonly [TimeUnit, number])[] = [
    ["ns", 1000],
    ["us", 1000],
    ["ms", 1000],
    ["s", 120],
    ["m", 120],
    ["h", 48],
  ];
  for (const [unit, below] of steps) {
    const value = rounded(ns / NS_PER[unit]);
    if (Math.abs(value) < below) return `${value}${unit}`;
  }
  return `${rounded(ns / NS_PER.d)}d`;
}

/** A size for a sentence, three significant digits: "64K", "1.5M". parseSize reads it. */
export function formatSize(bytes: number): string {
  for (const [unit, factor] of Object.entries(BYTES_PER)) {
    const value = rounded(bytes / factor);
    if (Math.abs(value) < 1024) return `${value}${unit}`;
  }
  return `${rounded(bytes / BYTES_PER.T)}T`;
}

function rounded(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

interface Amount {
  readonly name: string;
  readonly text: string;
  readonly allowZero: boolean;
  readonly hint: string;
}

function checked(value: number, { name, text, allowZero, hint }: Amount): number {
  // Zero is judged after rounding, or "0.1ns" would slip through as nothing.
  const whole = Math.round(value);
  if (value < 0 || (whole === 0 && !allowZero)) {
    throw wrong(name, text, allowZero ? "must not be negative" : "must be more than zero", hint);
  }
  if (!Number.isSafeInteger(whole)) throw wrong(name, text, "too large", hint);
  return whole;
}

function wrong(name: string, text: string, fact: string, hint: string): UsageError {
  return new UsageError(`${name} "${text}": ${fact}`, { hint: `allowed: ${hint}` });
}
