import {
  checkOffset,
  checkSigned,
  checkWord,
  checkWritable,
  Instruction,
  type Label,
  type MapRef,
  reject,
} from "./instruction";
import { Class, Mode, Pseudo, Size, type Width } from "./opcode";
import type { Register } from "./register";

/** `dst = *(uN *)(base + offset)` */
export function load(width: Width, dst: Register, base: Register, offset: number): Instruction {
  const opcode = Class.LDX | Mode.MEM | Size[width];
  const to = checkWritable(dst, load);
  return new Instruction({ opcode, dst: to, src: base.number, offset: checkOffset(offset, load) }, load);
}

/** `dst = *(sN *)(base + offset)`, sign-extended. Since Linux 6.6. */
export function loadSigned(width: 1 | 2 | 4, dst: Register, base: Register, offset: number): Instruction {
  const opcode = Class.LDX | Mode.MEMSX | Size[width];
  const to = checkWritable(dst, loadSigned);
  return new Instruction(
    { opcode, dst: to, src: base.number, offset: checkOffset(offset, loadSigned) },
    loadSigned,
  );
}

/** `*(uN *)(base + offset) = value`, where value is a register or a sign-extended immediate. */
export function store(width: Width, base: Register, offset: number, value: Register | number): Instruction {
  const at = { dst: base.number, offset: checkOffset(offset, store) };
  if (typeof value !== "number")
    return new Instruction({ opcode: Class.STX | Mode.MEM | Size[width], ...at, src: value.number }, store);
  const imm = width === 8 ? checkSigned(value, store) : checkWord(value, store);
  return new Instruction({ opcode: Class.ST | Mode.MEM | Size[width], ...at, imm }, store);
}

const LOAD_IMM64 = Class.LD | Mode.IMM | Size[8];

/** `dst = value`, any 64-bit number, signed or unsigned. Takes two slots. */
export function loadImm64(dst: Register, value: bigint): Instruction {
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
  const reference = { kind: "map", map } as const;
  return new Instruction({ opcode: LOAD_IMM64, dst: to, src: Pseudo.mapFd, high: 0, reference }, loadMap);
}

/** `dst = &map[0] + offset`: straight into the only value of an array map of one entry. */
export function loadMapValue(dst: Register, map: MapRef, offset = 0): Instruction {
  const to = checkWritable(dst, loadMapValue);
  const reference = { kind: "map", map } as const;
  const high = checkWord(offset, loadMapValue);
  return new Instruction(
    { opcode: LOAD_IMM64, dst: to, src: Pseudo.mapValue, high, reference },
    loadMapValue,
  );
}

/** `dst = &variable`: a kernel variable by its BTF id. Since Linux 5.10. */
export function loadBtfId(dst: Register, btfId: number, moduleFd = 0): Instruction {
  const to = checkWritable(dst, loadBtfId);
  return new Instruction(
    { opcode: LOAD_IMM64, dst: to, src: Pseudo.btfId, imm: checkSigned(btfId, loadBtfId), high: moduleFd },
    loadBtfId,
  );
}

/** `dst = &function`: a function of this program, for helpers that call back. Since Linux 5.13. */
export function loadFunction(dst: Register, target: Label): Instruction {
  const to = checkWritable(dst, loadFunction);
  const reference = { kind: "label", label: target } as const;
  return new Instruction({ opcode: LOAD_IMM64, dst: to, src: Pseudo.func, high: 0, reference }, loadFunction);
}

/** `r0 = *(uN *)(packet + offset)`, network order, from the skb in r6: legacy packet access. */
export function loadPacket(width: 1 | 2 | 4, offset: number): Instruction {
  return new Instruction(
    { opcode: Class.LD | Mode.ABS | Size[width], imm: checkSigned(offset, loadPacket) },
    loadPacket,
  );
}

/** `r0 = *(uN *)(packet + index + offset)`, network order, from the skb in r6: legacy packet access. */
export function loadPacketIndexed(width: 1 | 2 | 4, index: Register, offset: number): Instruction {
  return new Instruction(
    {
      opcode: Class.LD | Mode.IND | Size[width],
      src: index.number,
      imm: checkSigned(offset, loadPacketIndexed),
    },
    loadPacketIndexed,
  );
}
