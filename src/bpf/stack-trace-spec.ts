/** The blueprint of a map of stack traces. */
import { MapType } from "../core/bpf-uapi";
import { type Codec, u32, words } from "../core/codec";
import type { MapSpec } from "./map-spec";

/** PERF_MAX_STACK_DEPTH: the default of kernel.perf_event_max_stack, which limits the depth. */
const DEFAULT_DEPTH = 127;

/** How many stacks a stack trace map holds, and how deep. */
export interface StackTraceOptions {
  /** Stacks kept at most; rounded up to a power of two by the kernel. Two stacks may want the same place. */
  readonly maxEntries: number;
  /** Frames kept per stack, the innermost first: 127 unless given. */
  readonly depth?: number;
}

/** Stack ids, as bpf_get_stackid returns them, to instruction addresses, the innermost first. Since Linux 4.6. */
export function stackTraceMap(
  name: string,
  { maxEntries, depth = DEFAULT_DEPTH }: StackTraceOptions,
): MapSpec<number, BigUint64Array> {
  const type = MapType.BPF_MAP_TYPE_STACK_TRACE;
  return { name, type, key: u32, value: stackFrames(depth), maxEntries, flags: 0 };
}

/** Addresses up to the first zero: the kernel fills the rest of an entry with them. */
export function stackFrames(depth: number): Codec<BigUint64Array> {
  const all = words(depth);
  return {
    size: all.size,
    align: all.align,
    decode: (view, at) => {
      const stack = all.decode(view, at);
      const end = stack.indexOf(0n);
      return end < 0 ? stack : stack.subarray(0, end);
    },
    encode: all.encode,
  };
}
