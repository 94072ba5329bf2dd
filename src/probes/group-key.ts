/** What events are grouped by: the fields of a map key, and how a program fills them in. Pure. */
import { mov, rsh } from "../asm/alu";
import { helper } from "../asm/helper-ids";
import type { Block } from "../asm/instruction";
import { call } from "../asm/jump";
import { COMM_SIZE, readComm, zero } from "../asm/macros/stack";
import { store } from "../asm/memory";
import { fp, type Register, r0, r1 } from "../asm/register";
import type { PidNamespace } from "../bpf/facts";
import { type Codec, cstring, i32, type StructCodec, struct, u32, u64 } from "../core/codec";
import { shownIds } from "./current-task";

/** What one can group by. A container is found from its cgroup, outside the kernel. */
export type Dimension = "syscall" | "process" | "thread" | "comm" | "cgroup" | "container" | "errno";

/** A key: the fields of its dimensions, the others undefined. */
export interface GroupKey {
  readonly cgroup?: bigint;
  readonly comm?: string;
  readonly number?: number;
  readonly abi?: number;
  readonly pid?: number;
  readonly tid?: number;
  readonly errno?: number;
}

/** Widest first, so that no padding is needed but at the end. */
const FIELDS: Readonly<Record<keyof GroupKey, Codec<never>>> = {
  cgroup: u64,
  comm: cstring(COMM_SIZE),
  number: i32,
  abi: u32,
  pid: u32,
  tid: u32,
  errno: u32,
} as Readonly<Record<keyof GroupKey, Codec<never>>>;

const FIELDS_OF: Readonly<Record<Dimension, readonly (keyof GroupKey)[]>> = {
  syscall: ["number", "abi"],
  process: ["pid"],
  thread: ["pid", "tid"],
  comm: ["comm"],
  cgroup: ["cgroup"],
  container: ["cgroup"],
  errno: ["errno"],
};

/** The layout of the key for these dimensions. */
export type KeyCodec = StructCodec<Partial<typeof FIELDS>> & Codec<GroupKey>;

export function keyCodec(dimensions: readonly Dimension[]): KeyCodec {
  const wanted = new Set(dimensions.flatMap((dimension) => FIELDS_OF[dimension]));
  const fields = Object.entries(FIELDS).filter(([name]) => wanted.has(name as keyof GroupKey));
  return struct(Object.fromEntries(fields)) as unknown as KeyCodec;
}

/** Registers that hold what the program knows already; all of them kept by calls. */
export interface KeySources {
  readonly number: Register;
  readonly abi: Register;
  /** The error number, positive. */
  readonly errno?: Register;
}

/**
 * Writes the key to `fp + at`, every byte of it. `scratch` names SHOWN_IDS_SIZE free bytes of the stack.
 * Loses r0–r5.
 */
export function writeKey(
  codec: KeyCodec,
  at: number,
  sources: KeySources,
  namespace: PidNamespace | undefined,
  scratch: number,
): Block {
  const has = (field: keyof GroupKey) => field in codec.fields;
  const to = (field: keyof GroupKey) => at + (codec.offsets[field] as number);
  const put = (field: keyof GroupKey, register: Register): Block =>
    has(field) ? [store(4, fp, to(field), register)] : [];
  const holes = codec.holes === 0 ? [] : zero(fp, at + codec.size - codec.holes, codec.holes);
  return [
    holes,
    put("number", sources.number),
    put("abi", sources.abi),
    sources.errno === undefined ? [] : put("errno", sources.errno),
    has("comm") ? readComm(to("comm")) : [],
    has("cgroup") ? [call(helper.getCurrentCgroupId), store(8, fp, to("cgroup"), r0)] : [],
    has("pid")
      ? [shownIds(namespace, scratch), put("tid", r0), mov(r1, r0), rsh(r1, 32), put("pid", r1)]
      : [],
  ];
}
