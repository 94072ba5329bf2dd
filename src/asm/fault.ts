/** What keeps a slot from being an instruction of RFC 9669. */
import { Alu, Atomic, Call, Class, Jump, Mode, Pseudo, Size, Source } from "./opcode";

/** The fields of a slot as they stand in the bytes. */
export interface Slot {
  readonly opcode: number;
  readonly dst: number;
  readonly src: number;
  readonly offset: number;
  readonly imm: number;
}

type FieldName = "dst" | "src" | "offset" | "imm";

function values(table: Readonly<Record<string, number>>): ReadonlySet<number> {
  return new Set(Object.values(table));
}

const aluCodes = values(Alu);
const jumpCodes = values(Jump);
const callKinds = values(Call);
const pseudoSources = values(Pseudo);
const atomics = new Set([
  ...[Atomic.add, Atomic.or, Atomic.and, Atomic.xor].flatMap((code) => [code, code | Atomic.fetch]),
  Atomic.xchg,
  Atomic.cmpxchg,
]);

const unknown = (slot: Slot) => `unknown opcode 0x${slot.opcode.toString(16).padStart(2, "0")}`;

/** The first field that is not zero though the instruction does not use it, or that names no register. */
function misused(slot: Slot, used: readonly FieldName[], registers: readonly ("dst" | "src")[] = []) {
  for (const name of ["dst", "src", "offset", "imm"] as const)
    if (!used.includes(name) && slot[name] !== 0) return `${name} is ${slot[name]}, reserved`;
  for (const name of registers) if (slot[name] > 10) return `${name} is register ${slot[name]}`;
  return undefined;
}

function swapFault(slot: Slot): string | undefined {
  if ((slot.opcode & 0x07) === Class.ALU64 && slot.opcode & Source.X) return unknown(slot);
  if (![16, 32, 64].includes(slot.imm)) return `byte swap of ${slot.imm} bits`;
  return misused(slot, ["dst", "imm"], ["dst"]);
}

/** What the offset selects: signed division, sign extension. */
function variants(slot: Slot): readonly number[] {
  const code = slot.opcode & 0xf0;
  if (code === Alu.div || code === Alu.mod) return [0, 1];
  if (code !== Alu.mov || !(slot.opcode & Source.X)) return [0];
  return (slot.opcode & 0x07) === Class.ALU64 ? [0, 8, 16, 32] : [0, 8, 16];
}

function aluFault(slot: Slot): string | undefined {
  const code = slot.opcode & 0xf0;
  if (!aluCodes.has(code)) return unknown(slot);
  if (code === Alu.end) return swapFault(slot);
  if (code === Alu.neg) return slot.opcode & Source.X ? unknown(slot) : misused(slot, ["dst"], ["dst"]);
  if (!variants(slot).includes(slot.offset))
    return `offset is ${slot.offset}, not ${variants(slot).join(", ")}`;
  return slot.opcode & Source.X
    ? misused(slot, ["dst", "src", "offset"], ["dst", "src"])
    : misused(slot, ["dst", "imm", "offset"], ["dst"]);
}

function callFault(slot: Slot): string | undefined {
  if (!callKinds.has(slot.src)) return `unknown kind of call ${slot.src}`;
  if (slot.src !== Call.kfunc) return misused(slot, ["src", "imm"]);
  return slot.offset < 0 ? `module index is ${slot.offset}` : misused(slot, ["src", "imm", "offset"]);
}

function jumpFault(slot: Slot): string | undefined {
  const code = slot.opcode & 0xf0;
  const wide = (slot.opcode & 0x07) === Class.JMP;
  if (!jumpCodes.has(code)) return unknown(slot);
  if (code === Jump.always && slot.opcode & Source.X) return unknown(slot);
  if (code === Jump.always) return misused(slot, [wide ? "offset" : "imm"]);
  if (code === Jump.call || code === Jump.exit) {
    if (!wide || slot.opcode & Source.X) return unknown(slot);
    return code === Jump.call ? callFault(slot) : misused(slot, []);
  }
  return slot.opcode & Source.X
    ? misused(slot, ["dst", "src", "offset"], ["dst", "src"])
    : misused(slot, ["dst", "imm", "offset"], ["dst"]);
}

function loadFault(slot: Slot, next: Slot | undefined): string | undefined {
  const size = slot.opcode & 0x18;
  switch (slot.opcode & 0xe0) {
    case Mode.IMM:
      return size === Size[8] ? wideFault(slot, next) : unknown(slot);
    case Mode.ABS:
      return size === Size[8] ? unknown(slot) : misused(slot, ["imm"]);
    case Mode.IND:
      return size === Size[8] ? unknown(slot) : misused(slot, ["src", "imm"], ["src"]);
    default:
      return unknown(slot);
  }
}

/** Sources whose second slot holds something beside zero: the number itself, an offset, a module's descriptor. */
const wideSources: readonly number[] = [Pseudo.imm, Pseudo.mapValue, Pseudo.btfId, Pseudo.mapIndexValue];

function wideFault(slot: Slot, next: Slot | undefined): string | undefined {
  if (next === undefined) return "second slot of a 64-bit immediate is missing";
  if (next.opcode !== 0 || next.dst !== 0 || next.src !== 0 || next.offset !== 0)
    return "second slot of a 64-bit immediate holds more than the immediate";
  if (!pseudoSources.has(slot.src)) return `unknown kind of 64-bit immediate ${slot.src}`;
  if (!wideSources.includes(slot.src) && next.imm !== 0) return `upper half is ${next.imm}, reserved`;
  return misused(slot, ["dst", "src", "imm"], ["dst"]);
}

function memoryFault(slot: Slot): string | undefined {
  const cls = slot.opcode & 0x07;
  const size = slot.opcode & 0x18;
  const mode = slot.opcode & 0xe0;
  if (mode === Mode.MEM)
    return cls === Class.ST
      ? misused(slot, ["dst", "offset", "imm"], ["dst"])
      : misused(slot, ["dst", "src", "offset"], ["dst", "src"]);
  if (mode === Mode.MEMSX && cls === Class.LDX && size !== Size[8])
    return misused(slot, ["dst", "src", "offset"], ["dst", "src"]);
  if (mode !== Mode.ATOMIC || cls !== Class.STX || (size !== Size[4] && size !== Size[8]))
    return unknown(slot);
  if (!atomics.has(slot.imm)) return `unknown atomic operation 0x${(slot.imm >>> 0).toString(16)}`;
  return misused(slot, ["dst", "src", "offset", "imm"], ["dst", "src"]);
}

/** Why a slot is no instruction, or undefined if it is one. `next` is the slot after it. */
export function faultOf(slot: Slot, next: Slot | undefined): string | undefined {
  switch (slot.opcode & 0x07) {
    case Class.ALU:
    case Class.ALU64:
      return aluFault(slot);
    case Class.JMP:
    case Class.JMP32:
      return jumpFault(slot);
    case Class.LD:
      return loadFault(slot, next);
    default:
      return memoryFault(slot);
  }
}
