import { Instruction, quoted, reject } from "./instruction";
import { Alu, Class, Source } from "./opcode";
import { checkInteger, checkRegister, checkSigned, checkWord, checkWritable } from "./operand";
import type { Register } from "./register";

/** `dst = dst OP src`, where src is a register or an immediate. */
export type AluBuilder = (dst: Register, src: Register | number) => Instruction;

const shifts: readonly number[] = [Alu.lsh, Alu.rsh, Alu.arsh];
const divisions: readonly number[] = [Alu.div, Alu.mod];

/** What the operation takes as its immediate. Two kinds the verifier would refuse anyway, but without naming a line. */
function immediateCheck(code: number, cls: 4 | 7): typeof checkSigned {
  const check = cls === Class.ALU64 ? checkSigned : checkWord;
  if (shifts.includes(code)) {
    const last = cls === Class.ALU64 ? 63 : 31;
    return (imm, builder) => checkInteger("shift", imm, 0, last, builder);
  }
  if (!divisions.includes(code)) return check;
  return (imm, builder) => {
    if (imm === 0) reject("immediate: the kernel refuses a division by a constant 0", builder);
    return check(imm, builder);
  };
}

function alu(code: number, cls: 4 | 7, offset = 0): AluBuilder {
  const check = immediateCheck(code, cls);
  return function build(dst, src) {
    const opcode = code | cls;
    const to = checkWritable(dst, build);
    return typeof src === "number"
      ? new Instruction({ opcode: opcode | Source.K, dst: to, offset, imm: check(src, build) }, build)
      : new Instruction(
          { opcode: opcode | Source.X, dst: to, src: checkRegister(src, build), offset },
          build,
        );
  };
}

/** An offset of 1 makes division and modulo signed (RFC 9669, section 4.1). */
const SIGNED = 1;

// 64 bits wide. Immediates are sign-extended.
export const mov = alu(Alu.mov, 7);
export const add = alu(Alu.add, 7);
export const sub = alu(Alu.sub, 7);
export const mul = alu(Alu.mul, 7);
/** Unsigned; a division by zero gives 0. */
export const div = alu(Alu.div, 7);
/** Unsigned; modulo zero leaves dst unchanged. */
export const mod = alu(Alu.mod, 7);
/** Signed. Since Linux 6.6. */
export const sdiv = alu(Alu.div, 7, SIGNED);
/** Signed, truncating. Since Linux 6.6. */
export const smod = alu(Alu.mod, 7, SIGNED);
export const or = alu(Alu.or, 7);
export const and = alu(Alu.and, 7);
export const xor = alu(Alu.xor, 7);
export const lsh = alu(Alu.lsh, 7);
/** Logical shift right. */
export const rsh = alu(Alu.rsh, 7);
/** Arithmetic shift right. */
export const arsh = alu(Alu.arsh, 7);

// 32 bits wide; the upper half of dst becomes zero.
export const mov32 = alu(Alu.mov, 4);
export const add32 = alu(Alu.add, 4);
export const sub32 = alu(Alu.sub, 4);
export const mul32 = alu(Alu.mul, 4);
export const div32 = alu(Alu.div, 4);
export const mod32 = alu(Alu.mod, 4);
/** Signed. Since Linux 6.6. */
export const sdiv32 = alu(Alu.div, 4, SIGNED);
/** Signed, truncating. Since Linux 6.6. */
export const smod32 = alu(Alu.mod, 4, SIGNED);
export const or32 = alu(Alu.or, 4);
export const and32 = alu(Alu.and, 4);
export const xor32 = alu(Alu.xor, 4);
export const lsh32 = alu(Alu.lsh, 4);
export const rsh32 = alu(Alu.rsh, 4);
export const arsh32 = alu(Alu.arsh, 4);

function negate(cls: 4 | 7): (dst: Register) => Instruction {
  return function build(dst) {
    return new Instruction({ opcode: Alu.neg | cls, dst: checkWritable(dst, build) }, build);
  };
}
/** `dst = -dst` */
export const neg = negate(7);
/** `dst = (u32)-dst` */
export const neg32 = negate(4);

function signExtension<Bits extends number>(cls: 4 | 7, allowed: readonly Bits[]) {
  return function build(bits: Bits, dst: Register, src: Register): Instruction {
    if (!allowed.includes(bits))
      reject(`sign extension: ${quoted(bits)} is not ${allowed.join(", ")} bits`, build);
    const opcode = Alu.mov | Source.X | cls;
    const to = checkWritable(dst, build);
    return new Instruction({ opcode, dst: to, src: checkRegister(src, build), offset: bits }, build);
  };
}
/** `dst = (s64)(sN)src`: sign-extends the low `bits` of src. Since Linux 6.6. */
export const movsx = signExtension(7, [8, 16, 32]);
/** `dst = (u32)(s32)(sN)src`. Since Linux 6.6. */
export const movsx32 = signExtension(4, [8, 16]);

type SwapBits = 16 | 32 | 64;

function swap(opcode: number): (bits: SwapBits, dst: Register) => Instruction {
  return function build(bits, dst) {
    if (bits !== 16 && bits !== 32 && bits !== 64)
      reject(`byte swap: ${quoted(bits)} is not 16, 32, 64 bits`, build);
    return new Instruction({ opcode, dst: checkWritable(dst, build), imm: bits }, build);
  };
}
/** Little-endian to host order and back: on the supported machines it only cuts to `bits`. */
export const le = swap(Alu.end | Source.K | Class.ALU);
/** Big-endian to host order and back. */
export const be = swap(Alu.end | Source.X | Class.ALU);
/** Swaps the bytes whatever the host's order. Since Linux 6.6. */
export const bswap = swap(Alu.end | Source.K | Class.ALU64);
