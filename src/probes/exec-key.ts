/**
 * What executions are grouped by: the fields of a map key, written by a program that has a typed pointer to the task.
 * Keys lie in map memory: a command line does not fit on the stack. Pure.
 */
import { add, mov, sub } from "../asm/alu";
import { helper } from "../asm/helper-ids";
import { type Block, type Instruction, label } from "../asm/instruction";
import { call, jump } from "../asm/jump";
import { COMM_SIZE, zero } from "../asm/macros/stack";
import { load, store } from "../asm/memory";
import { fp, type Register, r1, r2, r3 } from "../asm/register";
import type { Btf } from "../bpf/btf/btf";
import { bytes, type Codec, cstring, type StructCodec, struct, u32, u64 } from "../core/codec";
import { PATH_SIZE, readPath, writePath } from "./file-path";
import { type Follow, followTyped } from "./follow";
import { type OwnNamespace, shownProcess } from "./shown-process";

/** What one can group executions by. A container is found from its cgroup, outside the kernel. */
export const execDimensions = ["pid", "comm", "exe", "args", "parent", "uid", "cgroup", "container"] as const;

/** `ppid` is for trees: by itself it says little. */
export type ExecDimension = (typeof execDimensions)[number] | "ppid";

/** A command line as the kernel saw it: the words, each closed by a NUL, and how many bytes they had. */
export interface ArgsValue {
  /** Bytes there were, also where not all were kept. */
  readonly length: number;
  readonly text: string;
  /** Bytes kept. */
  readonly kept: number;
}

/** A key: the fields of its dimensions, the others undefined. */
export interface ExecKey {
  readonly cgroup?: bigint;
  readonly comm?: string;
  readonly parent?: string;
  readonly pid?: number;
  readonly ppid?: number;
  readonly uid?: number;
  readonly exe?: string;
  readonly args?: ArgsValue;
}

const pathCodec: Codec<string> = {
  ...cstring(PATH_SIZE),
  decode: (view, at) => readPath(bytes(PATH_SIZE).decode(view, at)),
};

/** Stands in place of the length where there is only the name of a process that was started before. */
export const NOT_CAPTURED = 0xffff_ffff;

/** The whole length, then the beginning. */
const ARGS_HEAD = 4;

/** Of `size` bytes of a command line. */
export function argsCodec(size: number): Codec<ArgsValue> {
  const text = bytes(size);
  return {
    size: ARGS_HEAD + size,
    align: 4,
    decode: (view, at) => {
      const length = u32.decode(view, at);
      const kept = text.decode(view, at + ARGS_HEAD).subarray(0, Math.min(length, size));
      return { length, text: Buffer.from(kept).toString("utf8"), kept: kept.length };
    },
    encode: (view, at, value) => {
      u32.encode(view, at, value.length);
      const field = new Uint8Array(size);
      field.set(Buffer.from(value.text).subarray(0, size));
      text.encode(view, at + ARGS_HEAD, field);
    },
  };
}

const FIELD_OF: Readonly<Record<ExecDimension, keyof ExecKey>> = {
  pid: "pid",
  ppid: "ppid",
  comm: "comm",
  exe: "exe",
  args: "args",
  parent: "parent",
  uid: "uid",
  cgroup: "cgroup",
  container: "cgroup",
};

type AllFields = Readonly<Record<keyof ExecKey, Codec<never>>>;

/** The layout of the key for these dimensions. */
export type ExecKeyCodec = StructCodec<Partial<AllFields>> & Codec<ExecKey>;

/** The key's layout; `argsSize` bytes of the command line are part of it. Sizes are a multiple of eight. */
export function execKeyCodec(by: readonly ExecDimension[], argsSize: number): ExecKeyCodec {
  const wanted = new Set(by.map((dimension) => FIELD_OF[dimension]));
  // Widest first, so that no padding is needed but at the end.
  const all = {
    cgroup: u64,
    comm: cstring(COMM_SIZE),
    parent: cstring(COMM_SIZE),
    exe: pathCodec,
    pid: u32,
    ppid: u32,
    uid: u32,
    args: argsCodec(argsSize),
  } as unknown as AllFields;
  const fields = Object.entries(all).filter(([name]) => wanted.has(name as keyof ExecKey));
  return struct(Object.fromEntries(fields)) as unknown as ExecKeyCodec;
}

/** Registers and memory for `writeExecKey`; the registers are such that calls keep them. */
export interface KeyPlace {
  /** A pointer to a task_struct, typed unless it is read by copies. */
  readonly task: Register;
  /** Where the key goes: map memory. */
  readonly key: Register;
  /** To use. */
  readonly spare: Register;
  /** PATH_ROOM bytes of map memory, as a distance from `key`. */
  readonly room: number;
  /** End of free bytes of the stack: those of a path or of an id, whichever needs more, and eight. */
  readonly stack: number;
}

/** Zeroes memory: a read from nowhere fails, and leaves zeros. Loses r0–r5. */
export function zeroBytes(at: Block | Instruction, size: number): Block {
  return [at, [mov(r2, size), mov(r3, 0), call(helper.probeReadKernel)]];
}

/** `to` (set by a block to r1) = `size` bytes from r3, which a block sets. Loses r0–r5. */
export function copyBytes(to: Block | Instruction, size: number, from: Block | Instruction): Block {
  return [from, to, mov(r2, size), call(helper.probeReadKernel)];
}

const offsetOf = (btf: Btf, type: string, member: string) => btf.requireMember(type, member).offset;

/**
 * `dst + at` = the name of the process whose task is in r3: that of its first thread, NUL-filled. Read as a
 * string: on older kernels (5.10) the rest of a longer name may stay behind the final NUL. Loses r0–r5.
 */
export function writeProcessName(btf: Btf, dst: Register, at: number, follow: Follow = followTyped): Block {
  return [
    follow(8, r3, r3, offsetOf(btf, "task_struct", "group_leader")),
    add(r3, offsetOf(btf, "task_struct", "comm")),
    zero(dst, at, COMM_SIZE),
    [mov(r1, dst), add(r1, at), mov(r2, COMM_SIZE), call(helper.probeReadKernelStr)],
  ];
}

/**
 * Writes the key of a task, every byte of it; processes are numbered as in `namespace`. Without `withArgs` a command
 * line stays empty: only that of the current task can be read. Loses r0–r5.
 */
export function writeExecKey(
  btf: Btf,
  codec: ExecKeyCodec,
  place: KeyPlace,
  how: {
    readonly namespace: OwnNamespace | undefined;
    readonly withArgs: boolean;
    /** How to read the task; an executable's path and a command line take a typed one. */
    readonly follow?: Follow;
  },
): Block {
  const { task, key, stack } = place;
  const { namespace, follow = followTyped } = how;
  const has = (field: keyof ExecKey) => field in codec.fields;
  const to = (field: keyof ExecKey) => codec.offsets[field] as number;
  return [
    zeroBytes(mov(r1, key), codec.size),
    has("comm") ? [mov(r3, task), writeProcessName(btf, key, to("comm"), follow)] : [],
    has("parent")
      ? [
          follow(8, r3, task, offsetOf(btf, "task_struct", "real_parent")),
          writeProcessName(btf, key, to("parent"), follow),
        ]
      : [],
    has("pid") ? [shownProcess(btf, namespace, task, stack, follow), store(4, key, to("pid"), r1)] : [],
    has("ppid") ? [parentId(btf, namespace, task, stack, follow), store(4, key, to("ppid"), r1)] : [],
    has("uid") ? [userOf(btf, task, r1, follow), store(4, key, to("uid"), r1)] : [],
    has("cgroup") ? [cgroupOf(btf, task, r1, follow), store(8, key, to("cgroup"), r1)] : [],
    has("exe") ? writeExe(btf, place, to("exe")) : [],
    has("args") && how.withArgs
      ? writeArgs(btf, task, key, to("args"), codec.fields.args!.size - ARGS_HEAD)
      : [],
  ];
}

/** r1 = the process id of the parent of `task`: see `shownProcess`. */
export function parentId(
  btf: Btf,
  namespace: OwnNamespace | undefined,
  task: Register,
  stack: number,
  follow: Follow = followTyped,
): Block {
  return [
    follow(8, r1, task, offsetOf(btf, "task_struct", "real_parent")),
    shownProcess(btf, namespace, r1, stack, follow),
  ];
}

/** `dst` = the real user of a task. */
export function userOf(btf: Btf, task: Register, dst: Register, follow: Follow = followTyped): Block {
  const cred = offsetOf(btf, "task_struct", "cred");
  return [follow(8, dst, task, cred), follow(4, dst, dst, offsetOf(btf, "cred", "uid.val"))];
}

/** `dst` = the id of a task's cgroup v2. */
export function cgroupOf(btf: Btf, task: Register, dst: Register, follow: Follow = followTyped): Block {
  return [
    follow(8, dst, task, offsetOf(btf, "task_struct", "cgroups")),
    follow(8, dst, dst, offsetOf(btf, "css_set", "dfl_cgrp")),
    follow(8, dst, dst, offsetOf(btf, "cgroup", "kn")),
    follow(8, dst, dst, offsetOf(btf, "kernfs_node", "id")),
  ];
}

/** Writes the path of a task's executable; nothing for a task of the kernel's. */
function writeExe(btf: Btf, { task, key, spare, room, stack }: KeyPlace, to: number): Block {
  const none = label("no_exe");
  return [
    [load(8, r1, task, offsetOf(btf, "task_struct", "mm")), jump.eq(r1, 0, none)],
    [load(8, r3, r1, offsetOf(btf, "mm_struct", "exe_file")), jump.eq(r3, 0, none)],
    // The walk keeps the file and the mount on the stack, so one register for the memory is enough.
    [store(8, fp, stack - 8, r3), add(key, room)],
    zeroBytes(mov(r1, key), PATH_SIZE),
    writePath(btf, { holder: "file", pointer: stack - 8, room: key, position: spare, stack: stack - 8 }),
    sub(key, room),
    copyBytes([mov(r1, key), add(r1, to)], PATH_SIZE, [mov(r3, key), add(r3, room)]),
    none,
  ];
}

/** Writes the command line of the current task, whose address space is `task`'s. */
export function writeArgs(btf: Btf, task: Register, base: Register, at: number, size: number): Block {
  const none = label("no_args");
  const fits = label("args_fit");
  return [
    [load(8, r1, task, offsetOf(btf, "task_struct", "mm")), jump.eq(r1, 0, none)],
    [load(8, r3, r1, offsetOf(btf, "mm_struct", "arg_start"))],
    [load(8, r2, r1, offsetOf(btf, "mm_struct", "arg_end")), sub(r2, r3)],
    [store(4, base, at, r2), jump.eq(r2, 0, none)],
    [jump.le(r2, size, fits), mov(r2, size), fits],
    [mov(r1, base), add(r1, at + ARGS_HEAD), call(helper.probeReadUser)],
    none,
  ];
}
