/**
 * Samples one by one, with user registers and a copy of the user stack: for stacks that only user space can unwind, and
 * that therefore cannot be counted in the kernel. Pure but for `lostSamples`, which reads an open session.
 */
import { mov } from "../asm/alu";
import { atomicAdd } from "../asm/atomic";
import type { Block } from "../asm/instruction";
import { emitRecord } from "../asm/macros/record";
import { load, loadMapValue, store } from "../asm/memory";
import { fp, type Register, r1, r2 } from "../asm/register";
import type { KernelFacts } from "../bpf/facts";
import { type MapSpec, mappableArray, type RingSpec, ringBuffer } from "../bpf/map-spec";
import type { Session } from "../bpf/session";
import { RingBufferFlag } from "../core/bpf-uapi";
import { count64, type StructCodec, struct } from "../core/codec";
import type { StackKeyCodec } from "./stack-tally";
import { copyUserStack, type UserStackCodec, userStackCodec } from "./user-stack-copy";

/** A record: whose stack it is, as in a stack tally, and the copy. */
export interface StackSamples {
  readonly record: StructCodec<{ readonly key: StackKeyCodec; readonly copy: UserStackCodec }>;
  readonly ring: RingSpec<Uint8Array>;
  readonly losses: MapSpec<number, number>;
  readonly maps: readonly MapSpec[];
}

export interface StackSamplesOptions {
  readonly key: StackKeyCodec;
  /** Bytes of the stack to copy. */
  readonly stackSize: number;
  /** Samples a second on all processors together. */
  readonly rate: number;
}

/** Parts of a second that the ring has room for: its reader is back much sooner, but not always. */
const ROOM_PARTS = 2;
/** At low rates much longer: the first sample of a large program makes the reader read its files. */
const SMALLEST_RING = 1 << 22;
const LARGEST_RING = 1 << 26;

/** Lays out the maps. */
export function stackSamples(
  { key, stackSize, rate }: StackSamplesOptions,
  { arch }: Pick<KernelFacts, "arch">,
): StackSamples {
  const record = struct({ key, copy: userStackCodec(arch, stackSize) });
  const room = 2 ** Math.ceil(Math.log2((record.size * rate) / ROOM_PARTS));
  const ring = ringBuffer("stack_samples", Math.min(Math.max(room, SMALLEST_RING), LARGEST_RING));
  const losses = mappableArray("sample_losses", count64, 1);
  return { record, ring, losses, maps: [ring, losses] as readonly unknown[] as MapSpec[] };
}

const WORD = 8;

/**
 * Hands over a sample of the current task with the key at `fp + keyAt`. `work` is a register that calls keep. Loses
 * r0–r5 and `work`.
 */
export function emitStackSample(
  { record, ring, losses }: StackSamples,
  facts: Pick<KernelFacts, "arch" | "btf">,
  keyAt: number,
  work: Register,
): Block {
  const words = Array.from({ length: record.fields.key.size / WORD }, (_, i) => i * WORD);
  return emitRecord({
    ring,
    size: record.size,
    record: work,
    fill: [
      words.map((at) => [load(8, r1, fp, keyAt + at), store(8, work, record.offsets.key + at, r1)]),
      copyUserStack(record.fields.copy, facts, work, record.offsets.copy),
    ],
    flags: RingBufferFlag.BPF_RB_NO_WAKEUP,
    onFull: [loadMapValue(r1, losses), mov(r2, 1), atomicAdd(8, r1, 0, r2)],
  });
}

/** Samples that found no room. */
export function lostSamples({ losses }: StackSamples, session: Session): number {
  return session.mappedArray(losses).get(0);
}
