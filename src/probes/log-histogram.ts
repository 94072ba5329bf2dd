/**
 * Log-linear histograms (as in HdrHistogram): each power of two is cut into eight buckets of equal width, and
 * values below eight have one each. A value is reported as the middle of its bucket, so it is off by at most
 * half a bucket: 1/16 of itself. Pure.
 */
import { add, and, lsh, mov, rsh, sub } from "../asm/alu";
import { type Block, label } from "../asm/instruction";
import { jump } from "../asm/jump";
import { atMost } from "../asm/macros/bound";
import type { Register } from "../asm/register";

/** log2 of the buckets per power of two. */
const SUB_BITS = 3;
const SUB = 1 << SUB_BITS;
/** Values from 2^44 on share the last bucket: nanoseconds of almost five hours. */
const TOP_BIT = 43;

/** Buckets of one histogram. */
export const BUCKETS = (TOP_BIT - SUB_BITS + 1) * SUB + SUB;

/** How far a value read from a histogram may be from the true one, relative to it. */
export const RELATIVE_ERROR = 1 / 16;

/** `bucket` = index of the bucket of `value`. Loses `value` and the scratch registers; makes no call. */
export function bucketIndex(
  bucket: Register,
  value: Register,
  scratch: readonly [Register, Register],
): Block {
  const [exponent, rest] = scratch;
  const small = label("small");
  // The exponent, by halving: a set bit above moves the search up.
  const halve = [32, 16, 8, 4, 2, 1].map((bits): Block => {
    const lower = label(`below_2_${bits}`);
    return [
      [mov(bucket, rest), rsh(bucket, bits), jump.eq(bucket, 0, lower)],
      [mov(rest, bucket), add(exponent, bits)],
      lower,
    ];
  });
  return [
    [mov(bucket, value), jump.lt(value, SUB, small)],
    [mov(rest, value), mov(exponent, 0)],
    halve,
    // index = (exponent − SUB_BITS + 1) · SUB + the SUB_BITS bits below the highest
    [sub(exponent, SUB_BITS), rsh(value, exponent), and(value, SUB - 1)],
    [add(exponent, 1), lsh(exponent, SUB_BITS), mov(bucket, exponent), add(bucket, value)],
    atMost(bucket, BUCKETS - 1),
    small,
  ];
}

/** The same in JavaScript: the index of the bucket of `value`. */
export function bucketOf(value: number): number {
  if (value < SUB) return Math.floor(value);
  const exponent = Math.floor(Math.log2(value));
  const sub = Math.floor(value / 2 ** (exponent - SUB_BITS)) % SUB;
  return Math.min((exponent - SUB_BITS + 1) * SUB + sub, BUCKETS - 1);
}

/** The values of a bucket: from `low` to `high`, both included. */
export function boundsOf(bucket: number): { readonly low: number; readonly high: number } {
  if (bucket < SUB) return { low: bucket, high: bucket };
  const shift = Math.floor(bucket / SUB) - 1;
  const low = (SUB + (bucket % SUB)) * 2 ** shift;
  return { low, high: low + 2 ** shift - 1 };
}
