/**
 * bpfkit does not count itself. Asking the kernel for the current process costs a call per event; nearly always
 * the address a system call comes from decides: code of other processes lies elsewhere. Pure.
 */
import { rsh } from "../asm/alu";
import { type Block, type Label, label } from "../asm/instruction";
import { jump } from "../asm/jump";
import { type Register, r0, r2 } from "../asm/register";
import { kernelIds } from "./current-task";
import { loadInstructionPointer, type RegisterFacts, typedRegisters } from "./syscall-registers";
import { dropProcess } from "./task-filter";

/** bpfkit's own process. */
export interface Ourselves {
  /** As the kernel numbers it. */
  readonly pid: number;
  /** Where its code lies, in units of CODE_UNIT bytes. */
  readonly code: readonly number[];
}

/** log2 of the unit of addresses: large, so that a few of them cover all code of a process. */
const UNIT_SHIFT = 28;
/** More units than this are not worth comparing. */
const MOST_UNITS = 8;

/** The units in which the executable mappings of a /proc/PID/maps lie. */
export function codeUnits(maps: string): number[] {
  const units = new Set<number>();
  for (const [, from = "0", to = "0"] of maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) ..x/gm)) {
    const first = BigInt(`0x${from}`);
    // x86-64's vsyscall page is above all user space and shared by all; it has no code of ours.
    if (first >> 63n === 1n) continue;
    const last = unitOf(BigInt(`0x${to}`) - 1n);
    for (let unit = unitOf(first); unit <= last; unit++) units.add(unit);
  }
  return [...units].sort((a, b) => a - b);
}

/** An address of user space has up to 47 bits on x86-64, 48 on arm64, and with larger page tables up to 56. */
function unitOf(address: bigint): number {
  return Number(address >> BigInt(UNIT_SHIFT));
}

/**
 * In a program whose context has a typed pointer to the user's registers at `ctx + at`, as `syscallHook` gives it:
 * goes to `drop` if they are bpfkit's. Loses r0–r5.
 */
export function dropOurselves(
  own: Ourselves,
  facts: RegisterFacts,
  ctx: Register,
  drop: Label,
  at = 0,
): Block {
  const btf = typedRegisters(facts);
  const certain: Block = [kernelIds(), dropProcess(r0, own.pid, drop)];
  if (btf === undefined || own.code.length > MOST_UNITS) return certain;
  const maybe = label("maybe_ourselves");
  const others = label("others");
  return [
    [loadInstructionPointer(r2, ctx, facts.arch, btf, at), rsh(r2, UNIT_SHIFT)],
    own.code.map((unit) => jump.eq(r2, unit, maybe)),
    jump.always(others),
    [maybe, certain],
    others,
  ];
}
