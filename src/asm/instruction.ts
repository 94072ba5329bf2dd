import { BpfkitError } from "../core/errors";
import type { Register } from "./register";

/** An instruction, or a program, that cannot be encoded. Its stack starts at the line that wrote the instruction. */
export class AssemblyError extends BpfkitError {
  static {
    AssemblyError.prototype.name = "AssemblyError";
  }
}

/** A place in a program. List it in a block to place it; name it in a jump to go there. */
export class Label {
  constructor(readonly name: string) {}
}

/** A new label. Two labels of the same name are still two places, so a macro can be used twice. */
export function label(name: string): Label {
  return new Label(name);
}

/** What the assembler needs to know of a map: something to print. The loader puts the descriptor in. */
export interface MapRef {
  readonly name: string;
}

/** What an instruction refers to that has no number yet. */
export type Reference =
  | { readonly kind: "label"; readonly label: Label }
  | { readonly kind: "map"; readonly map: MapRef };

interface Fields {
  readonly opcode: number;
  readonly dst?: number;
  readonly src?: number;
  readonly offset?: number;
  readonly imm?: number;
  /** The upper half of a 64-bit immediate: the instruction then takes two slots. */
  readonly high?: number;
  readonly reference?: Reference;
}

type Builder = (...args: never[]) => unknown;

/**
 * One instruction as a value. A slot is eight bytes:
 *
 *     | opcode (8) | dst (4) src (4) | offset (16, signed) | imm (32) |
 *
 * A 64-bit immediate takes a second slot that holds its upper half.
 */
export class Instruction {
  readonly opcode: number;
  readonly dst: number;
  readonly src: number;
  readonly offset: number;
  /** As a signed 32-bit number. */
  readonly imm: number;
  readonly high: number | undefined;
  readonly reference: Reference | undefined;
  readonly #origin: { stack?: string };

  /** `builder` is the function whose caller wrote the instruction. */
  constructor(fields: Fields, builder: Builder) {
    this.opcode = fields.opcode;
    this.dst = fields.dst ?? 0;
    this.src = fields.src ?? 0;
    this.offset = fields.offset ?? 0;
    this.imm = (fields.imm ?? 0) | 0;
    this.high = fields.high === undefined ? undefined : fields.high | 0;
    this.reference = fields.reference;
    this.#origin = {};
    Error.captureStackTrace(this.#origin, builder);
  }

  /** How many eight-byte slots it takes. */
  get slots(): 1 | 2 {
    return this.high === undefined ? 1 : 2;
  }

  /** Where it was written: stack lines, the innermost first. */
  get origin(): readonly string[] {
    return (this.#origin.stack ?? "")
      .split("\n")
      .slice(1)
      .map((line) => line.trim());
  }
}

/** Instructions and labels in order; blocks nest, so a macro is a function that returns a block. */
export type Block = readonly (Instruction | Label | Block)[];

/** Throws an AssemblyError whose stack starts at the caller of `builder`. */
export function reject(message: string, builder: Builder): never {
  const error = new AssemblyError(message);
  Error.captureStackTrace(error, builder);
  throw error;
}

const S16 = 2 ** 15;
const S32 = 2 ** 31;

/** Checks a signed 16-bit offset. */
export function checkOffset(offset: number, builder: Builder): number {
  if (!Number.isInteger(offset) || offset < -S16 || offset >= S16)
    reject(`offset: ${offset} is not an integer from ${-S16} to ${S16 - 1}`, builder);
  return offset;
}

/** Checks an immediate that the kernel sign-extends to 64 bits. */
export function checkSigned(imm: number, builder: Builder): number {
  if (!Number.isInteger(imm) || imm < -S32 || imm >= S32)
    reject(`immediate: ${imm} is not an integer from ${-S32} to ${S32 - 1}`, builder);
  return imm;
}

/** Checks an immediate of a 32-bit operation: signed or unsigned, the bits are the same. */
export function checkWord(imm: number, builder: Builder): number {
  if (!Number.isInteger(imm) || imm < -S32 || imm >= 2 * S32)
    reject(`immediate: ${imm} is not an integer from ${-S32} to ${2 * S32 - 1}`, builder);
  return imm;
}

/** Checks a register that is written to. */
export function checkWritable(register: Register, builder: Builder): number {
  if (register.number === 10) reject("register: r10, the frame pointer, cannot be written", builder);
  return register.number;
}
