/**
 * Checks of what a builder is given. Each throws an AssemblyError that names the operand and whose stack
 * starts at the line that called the builder. The types forbid most of it; JavaScript callers and computed
 * values have only this.
 */
import { Label, type MapRef, quoted, reject } from "./instruction";
import { Size, type Width } from "./opcode";
import type { Register } from "./register";

type Builder = Parameters<typeof reject>[1];

const S16 = 2 ** 15;
const S32 = 2 ** 31;

/** Checks an integer from `minimum` to `maximum`. */
export function checkInteger(
  what: string,
  value: number,
  minimum: number,
  maximum: number,
  builder: Builder,
  hint?: string,
): number {
  if (!Number.isInteger(value) || value < minimum || value > maximum)
    reject(`${what}: ${quoted(value)} is not an integer from ${minimum} to ${maximum}`, builder, hint);
  return value;
}

/** Checks a signed 16-bit offset. */
export function checkOffset(offset: number, builder: Builder): number {
  return checkInteger("offset", offset, -S16, S16 - 1, builder);
}

/** Checks an immediate that the kernel sign-extends to 64 bits. */
export function checkSigned(imm: number, builder: Builder): number {
  return checkInteger("immediate", imm, -S32, S32 - 1, builder, "loadImm64 takes any 64-bit number");
}

/** Checks an immediate of `bits` bits: signed or unsigned, the bits are the same. */
export function checkBits(imm: number, bits: number, builder: Builder): number {
  return checkInteger("immediate", imm, -(2 ** (bits - 1)), 2 ** bits - 1, builder);
}

/** Checks an immediate of a 32-bit operation. */
export function checkWord(imm: number, builder: Builder): number {
  return checkBits(imm, 32, builder);
}

/** Checks a register that is read. */
export function checkRegister(register: Register, builder: Builder): number {
  const number: unknown = register?.number;
  if (!Number.isInteger(number) || (number as number) < 0 || (number as number) > 10)
    reject(`register: ${quoted(register)} is not one of r0 to r9 and fp`, builder);
  return number as number;
}

/** Checks a register that is written to. */
export function checkWritable(register: Register, builder: Builder): number {
  if (register?.number === 10) reject("register: r10, the frame pointer, cannot be written", builder);
  return checkRegister(register, builder);
}

/** Checks how many bytes are accessed and gives their bits of the opcode. */
export function checkWidth(width: Width, allowed: readonly Width[], builder: Builder): number {
  if (!allowed.includes(width)) reject(`width: ${quoted(width)} is not ${allowed.join(", ")} bytes`, builder);
  return Size[width];
}

/** Checks a jump's or call's target. */
export function checkLabel(target: Label, builder: Builder): Label {
  if (!(target instanceof Label)) reject(`target: ${quoted(target)} is not a label`, builder);
  return target;
}

/** Checks a map. */
export function checkMap(map: MapRef, builder: Builder): MapRef {
  if (typeof map?.name !== "string") reject(`map: ${quoted(map)} has no name`, builder);
  return map;
}
