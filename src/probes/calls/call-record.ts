/**
 * One traced call as it lies in the ring buffer: a head, the result where it is known, a word per argument, and a
 * slot for each string. Records of one layout have one size, so that the kernel needs no copy. Pure.
 */
import { COMM_SIZE } from "../../asm/macros/stack";
import { bytes, i64, struct, u32, u64 } from "../../core/codec";
import { isString, type Param } from "./value-form";

/** What every record begins with. `site` tells what was called. */
export const CallHead = struct({
  timeNs: u64,
  tid: u32,
  pid: u32,
  comm: bytes(COMM_SIZE),
  site: u32,
  pad: u32,
});

/** Follows the head where calls are traced to their end. `durationNs` is 0 where the entry was not seen. */
export const CallResult = struct({ durationNs: u64, result: i64 });

/** A string's slot begins with what bpf_probe_read_user_str returned: its length with the NUL, or −errno. */
export const SLOT_HEAD = 8;

const WORD = 8;

export interface RecordOptions {
  readonly withResult: boolean;
  /** Bytes kept of each string, the NUL included; a multiple of eight. */
  readonly stringSize: number;
}

/** Where everything is in the records of calls with the same parameters. */
export interface RecordLayout {
  readonly size: number;
  readonly withResult: boolean;
  readonly stringSize: number;
  /** Of the words, one per argument. */
  readonly words: number;
  /** How many words. */
  readonly count: number;
  /** Of the slot of the string that argument `index` points to. */
  readonly slots: readonly { readonly index: number; readonly at: number }[];
}

/** The layout for `count` words of which those at `strings` point to strings. */
export function recordLayout(
  count: number,
  strings: readonly number[],
  options: RecordOptions,
): RecordLayout {
  const { withResult, stringSize } = options;
  const words = CallHead.size + (withResult ? CallResult.size : 0);
  const first = words + count * WORD;
  const slot = SLOT_HEAD + stringSize;
  const slots = strings.map((index, i) => ({ index, at: first + i * slot }));
  return { size: first + strings.length * slot, withResult, stringSize, words, count, slots };
}

/** Which of the parameters are strings. */
export function stringIndexes(params: readonly Param[]): number[] {
  return params.flatMap(({ form }, index) => (isString(form) ? [index] : []));
}
