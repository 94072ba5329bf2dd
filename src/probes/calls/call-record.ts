/**
 * One traced call as it lies in the ring buffer: a head, the result where it is known, a word per argument, and a slot
 * for what each of some words leads to. Records of one layout have one size, so that the kernel needs no copy. Pure.
 */
import { COMM_SIZE } from "../../asm/macros/stack";
import { bytes, i64, struct, u32, u64 } from "../../core/codec";
import { PATH_ROOM } from "../file-path";
import { SOCKADDR_SIZE } from "./sockaddr";
import { isWritten, leadsFurther, type Param, type SlotForm } from "./value-form";

/**
 * What a record tells of: a whole call, or where calls nest its beginning or its return; `passedOver` is the return of a
 * call that filters leave out, which may still be around others.
 */
export const RecordKind = Object.freeze({ call: 0, entry: 1, return: 2, passedOver: 3 });

/** In the place of a frame: the call was a jump from the end of another one that is followed, whose frame it has. */
export const TAIL_CALL = 1n;

/** What every record begins with. `site` tells what was called. */
export const CallHead = struct({
  timeNs: u64,
  tid: u32,
  pid: u32,
  comm: bytes(COMM_SIZE),
  site: u32,
  kind: u32,
});

/** Follows the head where calls are traced to their end. `durationNs` is 0 where the entry was not seen. */
export const CallResult = struct({ durationNs: u64, result: i64 });

/**
 * A slot begins with how much was read (of a string its length with the NUL), or −errno. Behind it stands the length of an
 * address that the call has written.
 */
export const SLOT_HEAD = 8;

const WORD = 8;

export interface RecordOptions {
  readonly withResult: boolean;
  /** Tells where the call's frame lies. */
  readonly withFrame?: boolean | undefined;
  /** Bytes kept of each string, the NUL included; a multiple of eight. */
  readonly stringSize: number;
}

/** What is kept of that to which argument `index` leads. */
export interface Slot {
  readonly index: number;
  readonly form: SlotForm;
  /** Where it begins in the record, with its head. */
  readonly at: number;
  /** Bytes behind its head, a multiple of eight. */
  readonly size: number;
}

/** Where everything is in the records of calls with the same parameters. */
export interface RecordLayout {
  readonly size: number;
  readonly withResult: boolean;
  /** Of the place of the call's frame. */
  readonly frame?: number | undefined;
  /** Of the words, one per argument. */
  readonly words: number;
  /** How many words. */
  readonly count: number;
  readonly slots: readonly Slot[];
}

/** The layout for `count` words, the first of which are those of `params`. */
export function recordLayout(count: number, params: readonly Param[], options: RecordOptions): RecordLayout {
  const { withResult, withFrame = false, stringSize } = options;
  const fixed = CallHead.size + (withResult ? CallResult.size : 0);
  const frame = withFrame ? fixed : undefined;
  const words = fixed + (withFrame ? WORD : 0);
  const slots: Slot[] = [];
  let end = words + count * WORD;
  params.forEach(({ form }, index) => {
    if (!leadsFurther(form) || (isWritten(form) && !withResult)) return;
    const size = slotSize(form, stringSize);
    slots.push({ index, form, at: end, size });
    end += SLOT_HEAD + size;
  });
  return { size: end, withResult, frame, words, count, slots };
}

function slotSize(form: SlotForm, stringSize: number): number {
  if (form.kind === "string") return stringSize;
  if (form.kind === "path") return PATH_ROOM;
  if (form.kind === "sockaddr") return SOCKADDR_SIZE;
  return Math.ceil((form.element.size * form.count) / WORD) * WORD;
}

/** What decides the layout, as text: calls for which it is the same can share records. */
export function layoutSignature(params: readonly Param[]): string {
  return params.map(({ form }) => (leadsFurther(form) ? slotSignature(form) : "")).join();
}

function slotSignature(form: SlotForm): string {
  const { kind } = form;
  if (kind === "path") return `${kind} of ${form.of}`;
  const memory = form.memory ?? "";
  if (kind === "sockaddr") return `${memory} ${kind}${form.written ? ` written ${form.length}` : ""}`;
  return kind === "numbers" ? `${memory} ${form.element.size}[${form.count}]` : `${memory} ${kind}`;
}

const DURATION = CallHead.size + CallResult.offsets.durationNs;

/** Nanoseconds that the call took whose record is at `at`; 0 where nobody knows. */
export function durationAt({ withResult }: RecordLayout, view: DataView, at: number): number {
  if (!withResult) return 0;
  return view.getUint32(at + DURATION + 4, true) * 2 ** 32 + view.getUint32(at + DURATION, true);
}

/** Of the records of returns where calls nest. */
export const NESTED_RETURN = recordLayout(0, [], { withResult: true, withFrame: true, stringSize: 0 });
