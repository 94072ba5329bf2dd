import { Instruction, type Label, type MapRef, reject } from "./instruction";
import { Class, Mode, Pseudo, Size, type Width } from "./opcode";
import {
  checkBits,
  checkInteger,
  checkLabel,
  checkMap,
  checkOffset,
  checkRegister,
  checkSigned,
  checkWidth,
  checkWritable,
} from "./operand";
import type { Register } from "./register";

const NARROW = [1, 2, 4] as const;
const ALL = [1, 2, 4, 8] as const;

/** `dst = *(uN *)(base + offset)` */
export function load(width: Width, dst: Register, base: Register, offset: number): Instruction {
  const opcode = Class.LDX | Mode.MEM | checkWidth(width, ALL, load);
  const to = checkWritable(dst, load);
  const src = checkRegister(base, load);
  return new Instruction({ opcode, dst: to, src, offset: checkOffset(offset, load) }, load);
}

/** `dst = *(sN *)(base + offset)`, sign-extended. Since Linux 6.6. */
export function loadSigned(width: 1 | 2 | 4, dst: Register, base: Register, offset: number): Instruction {
  const opcode = Class.LDX | Mode.MEMSX | checkWidth(width, NARROW, loadSigned);
  const to = checkWritable(dst, loadSigned);
  const src = checkRegister(base, loadSigned);
  return new Instruction({ opcode, dst: to, src, offset: checkOffset(offset, loadSigned) }, loadSigned);
}

/** `*(uN *)(base + offset) = value`, where value is a register or an immediate (for 8 bytes a sign-extended one). */
export function store(width: Width, base: Register, offset: number, value: Register | number): Instruction {
  const size = checkWidth(width, ALL, store);
  const at = { dst: checkRegister(base, store), offset: checkOffset(offset, store) };
  if (typeof value !== "number") {
    const src = checkRegister(value, store);
    return new Instruction({ opcode: Class.STX | Mode.MEM | size, ...at, src }, store);
  }
  const imm = width === 8 ? checkSigned(value, store) : checkBits(value, 8 * width, store);
  return new Instruction({ opcode: Class.ST | Mode.MEM | size, ...at, imm }, store);
}

const LOAD_IMM64 = Class.LD | Mode.IMM | Size[8];

/** `dst = value`, any 64-bit number, signed or unsigned. Takes two slots. */
export function loadImm64(dst: Register, value: bigint): Instruction {
  if (typeof value !== "bigint") reject(`immediate: ${value} is not a bigint`, loadImm64);
  const bits = BigInt.asUintN(64, value);
  if (bits !== value && BigInt.asIntN(64, value) !== value)
    reject(`immediate: ${value} does not fit into 64 bits`, loadImm64);
  const to = checkWritable(dst, loadImm64);
  const imm = Number(bits & 0xffffffffn);
  return new Instruction({ opcode: LOAD_IMM64, dst: to, imm, high: Number(bits >> 32n) }, loadImm64);
}

/** `dst = map`: what helpers take as their map argument. */
export function loadMap(dst: Register, map: MapRef): Instruction {
  const to = checkWritable(dst, loadMap);
  const reference = { kind: "map", map: checkMap(map, loadMap) } as const;
  return new Instruction({ opcode: LOAD_IMM64, dst: to, src: Pseudo.mapFd, high: 0, reference }, loadMap);
}

/** `dst = &map[0] + offset`: straight into the only value of an array map of one entry. Since Linux 5.2. */
export function loadMapValue(dst: Register, map: MapRef, offset = 0): Instruction {
  const to = checkWritable(dst, loadMapValue);
  const reference = { kind: "map", map: checkMap(map, loadMapValue) } as const;
  const high = checkInteger("offset", offset, 0, 2 ** 32 - 1, loadMapValue);
  return new Instruction(
    { opcode: LOAD_IMM64, dst: to, src: Pseudo.mapValue, high, reference },
    loadMapValue,
  );
}

/** `dst = map`, by its place in the `fd_array` the program is loaded with. Since Linux 5.14. */
export function loadMapAt(dst: Register, index: number): Instruction {
  const to = checkWritable(dst, loadMapAt);
  const imm = checkInteger("map index", index, 0, 2 ** 31 - 1, loadMapAt);
  return new Instruction({ opcode: LOAD_IMM64, dst: to, src: Pseudo.mapIndex, imm, high: 0 }, loadMapAt);
}

/** `dst = &map[0] + offset`, with the map as in `loadMapAt`. Since Linux 5.14. */
export function loadMapValueAt(dst: Register, index: number, offset = 0): Instruction {
  const to = checkWritable(dst, loadMapValueAt);
  const imm = checkInteger("map index", index, 0, 2 ** 31 - 1, loadMapValueAt);
  const high = checkInteger("offset", offset, 0, 2 ** 32 - 1, loadMapValueAt);
  return new Instruction(
    { opcode: LOAD_IMM64, dst: to, src: Pseudo.mapIndexValue, imm, high },
    loadMapValueAt,
  );
}

/**
 * `dst = &variable`: a kernel variable by its BTF id. `moduleFd` is the descriptor of the module's BTF,
 * 0 for the kernel itself. Since Linux 5.10.
 */
export function loadBtfId(dst: Register, btfId: number, moduleFd = 0): Instruction {
  const to = checkWritable(dst, loadBtfId);
  const imm = checkInteger("BTF id", btfId, 1, 2 ** 31 - 1, loadBtfId);
  const high = checkInteger("module descriptor", moduleFd, 0, 2 ** 31 - 1, loadBtfId);
  return new Instruction({ opcode: LOAD_IMM64, dst: to, src: Pseudo.btfId, imm, high }, loadBtfId);
}

/** `dst = &function`: a function of this program, for helpers that call back. Since Linux 5.13. */
export function loadFunction(dst: Register, target: Label): Instruction {
  const to = checkWritable(dst, loadFunction);
  const reference = { kind: "label", label: checkLabel(target, loadFunction) } as const;
  return new Instruction({ opcode: LOAD_IMM64, dst: to, src: Pseudo.func, high: 0, reference }, loadFunction);
}

/** `r0 = *(uN *)(packet + offset)`, network order, from the skb in r6: legacy packet access. Loses r1–r5. */
export function loadPacket(width: 1 | 2 | 4, offset: number): Instruction {
  const opcode = Class.LD | Mode.ABS | checkWidth(width, NARROW, loadPacket);
  return new Instruction({ opcode, imm: checkSigned(offset, loadPacket) }, loadPacket);
}

/** `r0 = *(uN *)(packet + index + offset)`, otherwise as `loadPacket`. */
export function loadPacketIndexed(width: 1 | 2 | 4, index: Register, offset: number): Instruction {
  const opcode = Class.LD | Mode.IND | checkWidth(width, NARROW, loadPacketIndexed);
  const src = checkRegister(index, loadPacketIndexed);
  return new Instruction({ opcode, src, imm: checkSigned(offset, loadPacketIndexed) }, loadPacketIndexed);
}
