/**
 * The current thread's user registers and the top of its user stack, for an unwinder in user space. Pure.
 *
 * The registers are those at the thread's last way into the kernel, which the kernel keeps at the end of its kernel
 * stack: also when an event interrupted the kernel, and then the user side is still where it called from.
 *
 * A helper reads all of a range or nothing, and the range that the record has room for often reaches beyond the end
 * of the stack. So it is read in pieces of a page; of the piece that fails, what lies before the next page's beginning
 * is tried again.
 */
import { add, and, mov, sub } from "../asm/alu";
import { helper } from "../asm/helper-ids";
import { type Block, type Label, label } from "../asm/instruction";
import { call, jump } from "../asm/jump";
import { load, store } from "../asm/memory";
import { type Register, r0, r1, r2, r3 } from "../asm/register";
import type { Btf } from "../bpf/btf/btf";
import type { KernelFacts } from "../bpf/facts";
import { bytes, count64, type StructCodec, struct, words } from "../core/codec";
import { NotSupportedError, UsageError } from "../core/errors";
import { unwindArchitectures, unwindMachine } from "../symbols/unwind/machine";
import type { UserStackCopy } from "../symbols/unwind/user-stack";

/** Bytes of the stack that are copied unless told: as many as `perf record --call-graph dwarf` takes. */
export const DEFAULT_STACK_SIZE = 8192;
/** The most that perf takes, too: PERF_SAMPLE_STACK_USER counts in 16 bits. */
const LARGEST_STACK_SIZE = 65528;

/** Checks how much of the stack to copy. Throws a UsageError. */
export function checkStackSize(size: number): number {
  if (!Number.isInteger(size) || size < 8 || size > LARGEST_STACK_SIZE || size % 8 !== 0)
    throw new UsageError(`stack-size: ${size} is not a multiple of 8 from 8 to ${LARGEST_STACK_SIZE}`);
  return size;
}

/** What a program writes. */
interface UserStackFields {
  /** The user part of `struct pt_regs`; a stack pointer of 0 means that there is no user side. */
  readonly registers: ReturnType<typeof words>;
  /** Bytes of the stack that could be read, from the stack pointer up. */
  readonly length: typeof count64;
  readonly stack: ReturnType<typeof bytes>;
}
export type UserStackCodec = StructCodec<UserStackFields>;

/** The layout of a copy of at most `stackSize` bytes. Throws a NotSupportedError on an unknown architecture. */
export function userStackCodec(arch: string, stackSize: number): UserStackCodec {
  const { registerWords } = unwindMachine(arch);
  return struct({
    registers: words(registerWords),
    length: count64,
    stack: bytes(checkStackSize(stackSize)),
  });
}

/**
 * A copy where it lies in a record: what is kept of it must be copied. The same object shows one after the other, so that
 * nothing is made for each.
 */
export class UserStackView implements UserStackCopy {
  words: Uint32Array = new Uint32Array(0);
  registersAt = 0;
  stackAt = 0;
  stackLength = 0;

  constructor(private readonly codec: UserStackCodec) {}

  /** Looks at the copy at `at`, a multiple of 8, of a record. */
  show(view: DataView, at: number): void {
    const { offsets } = this.codec;
    const start = view.byteOffset + at;
    if (this.words.buffer !== view.buffer) this.words = new Uint32Array(view.buffer);
    this.registersAt = (start + offsets.registers) / WORD;
    this.stackAt = (start + offsets.stack) / WORD;
    // At most 64 KiB: the upper half is 0.
    this.stackLength = this.words[(start + offsets.length) / WORD] as number;
  }
}

const WORD = Uint32Array.BYTES_PER_ELEMENT;

type Facts = Pick<KernelFacts, "arch" | "btf">;

/** True where `copyUserStack` finds what it needs. */
export function canCopyUserStack(facts: Facts): boolean {
  return unwindArchitectures.includes(facts.arch) && facts.btf() !== undefined;
}

/** Bytes of the smallest page there is; larger ones are read in several pieces. */
const PAGE = 4096;

/** Kernel stacks: THREAD_SIZE of arch/x86/include/asm/page_64_types.h and arch/arm64/include/asm/memory.h. */
const THREAD_SIZE = 16384;

/**
 * Writes the current thread's registers and stack to `record + at`: what `codec` tells, and `length` bytes of the
 * stack; bytes behind them are left as they were. `record` is kept by calls. Loses r0–r5. Throws a NotSupportedError
 * on a kernel without BTF.
 */
export function copyUserStack(codec: UserStackCodec, facts: Facts, record: Register, at: number): Block {
  const done = label("stack_copied");
  const { offsets, fields } = codec;
  const size = fields.stack.size;
  const pieces = Math.ceil(size / PAGE);
  const place: Place = {
    record,
    sp: at + offsets.registers + 8 * spWord(facts.arch),
    length: at + offsets.length,
    stack: at + offsets.stack,
  };
  return [
    userRegisters(facts, record, place.length),
    [mov(r1, record), add(r1, at + offsets.registers), mov(r2, fields.registers.size)],
    [call(helper.probeReadKernel), store(8, record, place.length, 0)],
    Array.from({ length: pieces }, (_, i) =>
      copyPiece(place, i * PAGE, Math.min(PAGE, size - i * PAGE), done),
    ),
    done,
  ];
}

interface Place {
  readonly record: Register;
  /** Offsets in the record: of the saved stack pointer, and of the parts to fill. */
  readonly sp: number;
  readonly length: number;
  readonly stack: number;
}

/** Where the stack pointer is among the registers. */
function spWord(arch: string): number {
  const { columns, spColumn } = unwindMachine(arch);
  return columns[spColumn] as number;
}

/** The kernel's types. Throws a NotSupportedError where it does not describe them. */
export function requireTypes(facts: Pick<KernelFacts, "btf">): Btf {
  const btf = facts.btf();
  if (btf !== undefined) return btf;
  throw new NotSupportedError("unwind user stacks: this kernel does not describe its types", {
    hint: "needs Linux 5.4 or newer built with CONFIG_DEBUG_INFO_BTF=y; --unwind fp works without",
  });
}

/** True where programs may read the current task's fields as they stand, and its registers are there for the asking: since Linux 5.15. */
export function hasTaskRegisters(btf: Btf): boolean {
  return btf.prototype("bpf_task_pt_regs") !== undefined;
}

/** r3 = the address of the user's registers. `scratch` names eight free bytes of the record. Loses the others. */
export function userRegisters(facts: Facts, record: Register, scratch: number): Block {
  const btf = requireTypes(facts);
  if (hasTaskRegisters(btf))
    return [call(helper.getCurrentTaskBtf), mov(r1, r0), call(helper.taskPtRegs), mov(r3, r0)];
  return [
    [call(helper.getCurrentTask), mov(r3, r0), add(r3, btf.requireMember("task_struct", "stack").offset)],
    [mov(r1, record), add(r1, scratch), mov(r2, 8), call(helper.probeReadKernel)],
    [load(8, r3, record, scratch), add(r3, THREAD_SIZE - sizeOfRegisters(btf))],
  ];
}

function sizeOfRegisters(btf: Btf): number {
  const size = btf.sizeOf(btf.find("struct", "pt_regs")?.id ?? 0);
  if (size === undefined) throw new NotSupportedError('BTF: no struct, union or typedef "pt_regs"');
  return size;
}

/** Reads `size` bytes at `from` above the stack pointer; goes to `done` where not all of them are there. */
function copyPiece(place: Place, from: number, size: number, done: Label): Block {
  const { record, length } = place;
  const whole = label("piece_read");
  return [
    [mov(r2, size), readStack(place, from), jump.eq(r0, 0, whole)],
    // Up to the next page. If that is further away than the end of the piece, the piece's own page is missing.
    [toNextPage(place), jump.ge(r2, size, done), readStack(place, from), jump.ne(r0, 0, done)],
    [toNextPage(place), add(r2, from), store(8, record, length, r2), jump.always(done)],
    [whole, store(8, record, length, from + size)],
  ];
}

/** r0 = 0 if r2 bytes at `from` above the stack pointer could be read. Loses r1–r5. */
function readStack({ record, sp, stack }: Place, from: number): Block {
  return [
    [mov(r1, record), add(r1, stack + from), load(8, r3, record, sp), add(r3, from)],
    call(helper.probeReadUser),
  ];
}

/** r2 = bytes from the stack pointer to the next page, 1 to PAGE. Loses r1. */
function toNextPage({ record, sp }: Place): Block {
  return [load(8, r1, record, sp), and(r1, PAGE - 1), mov(r2, PAGE), sub(r2, r1)];
}
