/**
 * Stacks one by one, with user registers and a copy of the user stack: for those that only user space can unwind, and
 * that therefore cannot be counted in the kernel. Pure but for `lostSamples`, which reads an open session.
 *
 * A sample is one record. A wait is two or three, joined in user space by the thread and the time it left its processor:
 * the stack it left with, perhaps the one that woke it, and its return, from which its weight comes.
 */
import { mov } from "../asm/alu";
import { atomicAdd } from "../asm/atomic";
import type { Block } from "../asm/instruction";
import { emitRecord } from "../asm/macros/record";
import { load, loadMapValue, store } from "../asm/memory";
import { type Register, r1, r2 } from "../asm/register";
import type { KernelFacts } from "../bpf/facts";
import { type MapSpec, mappableArray, type RingSpec, ringBuffer } from "../bpf/map-spec";
import type { Session } from "../bpf/session";
import { RingBufferFlag, RingBufferHeader } from "../core/bpf-uapi";
import { count64, type StructCodec, struct, u32, u64 } from "../core/codec";
import { NS_PER } from "../core/units";
import type { StackKeyCodec } from "./stack-tally";
import { type UnwindRows, unwindRows } from "./unwind/rows";
import { copyUserStack, type UserStackCodec, UserStackView, userStackCodec } from "./user-stack-copy";

/** What a record is about. */
export const RecordKind = Object.freeze({
  /** Something that counts by itself. */
  sample: 0,
  /** A task leaves its processor. */
  left: 1,
  /** It is woken: the name and process in the key are the waker's, and so is the stack. */
  woken: 2,
  /** It is back: no stack is copied, and the key is whole but for what was copied before. */
  returned: 3,
});

/** The fields of a record. */
export interface StackRecordFields {
  readonly kind: typeof u32;
  /** The thread that waits, as the kernel numbers it, and since when. */
  readonly tid: typeof u32;
  readonly startNs: typeof count64;
  readonly weight: typeof count64;
  /** What the process has mapped, and the address there that programs know no row for: see `unwind/rows.ts`. */
  readonly space: typeof u64;
  readonly missing: typeof count64;
  /** Whose stack it is, as in a stack tally. */
  readonly key: StackKeyCodec;
  readonly copy: UserStackCodec;
}

export interface StackSamples {
  readonly record: StructCodec<StackRecordFields>;
  readonly ring: RingSpec<Uint8Array>;
  /** What programs can unwind themselves, where they do. */
  readonly rows: UnwindRows | undefined;
  /** How soon the ring is full at the rate that was told, in nanoseconds. */
  readonly fullNs: number;
  readonly losses: MapSpec<number, number>;
  readonly maps: readonly MapSpec[];
}

export interface StackSamplesOptions {
  readonly key: StackKeyCodec;
  /** Bytes of the stack to copy. */
  readonly stackSize: number;
  /** Records a second on all processors together. */
  readonly rate?: number | undefined;
  /** Programs unwind what they can themselves. */
  readonly walked: boolean;
  /** Bytes of the ring, where nobody knows the rate. */
  readonly ringSize?: number | undefined;
}

/** Parts of a second that the ring has room for: its reader is back much sooner, but not always. */
const ROOM_PARTS = 2;
/** At low rates much longer: the first sample of a large program makes the reader read its files. */
const SMALLEST_RING = 1 << 22;
const LARGEST_RING = 1 << 26;

/** Lays out the maps. */
export function stackSamples(
  { key, stackSize, rate = 0, walked, ringSize }: StackSamplesOptions,
  { arch }: Pick<KernelFacts, "arch">,
): StackSamples {
  const copy = userStackCodec(arch, stackSize);
  const record = struct({
    ...{ kind: u32, tid: u32, startNs: count64, weight: count64, space: u64, missing: count64 },
    ...{ key, copy },
  });
  const room = 2 ** Math.ceil(Math.log2((record.size * rate) / ROOM_PARTS));
  const fitting = Math.min(Math.max(room, SMALLEST_RING), LARGEST_RING);
  const ring = ringBuffer("stack_samples", ringSize ?? fitting);
  const fullNs = (NS_PER.s * ring.maxEntries) / ((record.size + RingBufferHeader.BPF_RINGBUF_HDR_SZ) * rate);
  const losses = mappableArray("sample_losses", count64, 1);
  const rows = walked ? unwindRows() : undefined;
  const maps = [ring, losses, ...(rows?.maps ?? [])] as readonly unknown[] as MapSpec[];
  return { record, ring, rows, fullNs, losses, maps };
}

/**
 * A record where it lies: what is kept of it must be copied. The same object shows one after the other, so that nothing is
 * made for each.
 */
export class StackRecordView {
  kind = 0;
  tid = 0;
  startNs = 0;
  weight = 0;
  missing = 0;
  private spaceAt = 0;
  /** Where the key begins among the copy's words. */
  keyAt = 0;
  /** Nothing that counts where the record says `returned`. */
  readonly copy: UserStackView;

  constructor(private readonly record: StructCodec<StackRecordFields>) {
    this.copy = new UserStackView(record.fields.copy);
  }

  /** A number that is asked for seldom. */
  get space(): bigint {
    const { words } = this.copy;
    return (BigInt(words[this.spaceAt + 1] as number) << 32n) | BigInt(words[this.spaceAt] as number);
  }

  /** Looks at the record at `at`, a multiple of 8. */
  show(view: DataView, at: number): void {
    const { offsets } = this.record;
    this.copy.show(view, at + offsets.copy);
    const { words } = this.copy;
    const start = view.byteOffset + at;
    this.kind = words[(start + offsets.kind) / 4] as number;
    this.tid = words[(start + offsets.tid) / 4] as number;
    this.startNs = wide(words, (start + offsets.startNs) / 4);
    this.weight = wide(words, (start + offsets.weight) / 4);
    this.missing = wide(words, (start + offsets.missing) / 4);
    this.spaceAt = (start + offsets.space) / 4;
    this.keyAt = (start + offsets.key) / 4;
  }
}

/** Exact up to 2^53. */
function wide(words: Uint32Array, at: number): number {
  return (words[at + 1] as number) * 2 ** 32 + (words[at] as number);
}

const WORD = 8;

const recordFields = ["tid", "startNs", "weight", "space", "missing"] as const;
type RecordField = (typeof recordFields)[number];

/** What goes into a record, and from where. */
export interface StackRecord {
  readonly kind: keyof typeof RecordKind;
  /** The key is at `key + at`; `key` is kept by calls, or the frame pointer. */
  readonly key: Register;
  readonly at: number;
  /** Fill in the fields of these names: from `source` to `record`, with r1 and r2 to work with. Others become zero. */
  readonly fields?: Partial<Readonly<Record<RecordField, Register | number | Block>>>;
  /** A register that calls keep, to work with. */
  readonly work: Register;
  /** Runs where there is no room, when that has been counted. */
  readonly onFull?: Block;
}

/** Hands over a record about the current task. A field given as code leaves its value in r1. Loses r0–r5 and `work`. */
export function emitStackRecord(
  { record, ring, losses }: StackSamples,
  facts: Pick<KernelFacts, "arch" | "btf">,
  { kind, key, at, fields = {}, work, onFull = [] }: StackRecord,
): Block {
  const { offsets } = record;
  const words = Array.from({ length: record.fields.key.size / WORD }, (_, i) => i * WORD);
  const isCopied = kind !== "returned";
  const field = (name: RecordField): Block => {
    const width = name === "tid" ? 4 : 8;
    const source = fields[name] ?? 0;
    return Array.isArray(source)
      ? [source, store(width, work, offsets[name], r1)]
      : [store(width, work, offsets[name], source as Register | number)];
  };
  return emitRecord({
    ring,
    size: isCopied ? record.size : offsets.copy,
    record: work,
    fill: [
      store(4, work, offsets.kind, RecordKind[kind]),
      recordFields.map(field),
      words.map((word) => [load(8, r1, key, at + word), store(8, work, offsets.key + word, r1)]),
      isCopied ? copyUserStack(record.fields.copy, facts, work, offsets.copy) : [],
    ],
    flags: RingBufferFlag.BPF_RB_NO_WAKEUP,
    onFull: [loadMapValue(r1, losses), mov(r2, 1), atomicAdd(8, r1, 0, r2), onFull],
  });
}

/** Records that found no room. */
export function lostSamples({ losses }: StackSamples, session: Session): number {
  return session.mappedArray(losses).get(0);
}
