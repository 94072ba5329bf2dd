/**
 * The numbers of the BPF instruction set, by field of the opcode byte.
 * Source: RFC 9669 (sections 3 to 5), https://www.rfc-editor.org/rfc/rfc9669
 *
 *     arithmetic and jumps:  | code (4 bits) | source (1) | class (3) |
 *     loads and stores:      | mode (3 bits) | size (2)   | class (3) |
 */

export const Class = Object.freeze({
  LD: 0x00,
  LDX: 0x01,
  ST: 0x02,
  STX: 0x03,
  ALU: 0x04,
  JMP: 0x05,
  JMP32: 0x06,
  ALU64: 0x07,
});

/** Operand two of arithmetic and jumps: the immediate (K) or the source register (X). */
export const Source = Object.freeze({ K: 0x00, X: 0x08 });

export const Alu = Object.freeze({
  add: 0x00,
  sub: 0x10,
  mul: 0x20,
  div: 0x30,
  or: 0x40,
  and: 0x50,
  lsh: 0x60,
  rsh: 0x70,
  neg: 0x80,
  mod: 0x90,
  xor: 0xa0,
  mov: 0xb0,
  arsh: 0xc0,
  end: 0xd0,
});

export const Jump = Object.freeze({
  always: 0x00,
  eq: 0x10,
  gt: 0x20,
  ge: 0x30,
  set: 0x40,
  ne: 0x50,
  sgt: 0x60,
  sge: 0x70,
  call: 0x80,
  exit: 0x90,
  lt: 0xa0,
  le: 0xb0,
  slt: 0xc0,
  sle: 0xd0,
});

export const Mode = Object.freeze({ IMM: 0x00, ABS: 0x20, IND: 0x40, MEM: 0x60, MEMSX: 0x80, ATOMIC: 0xc0 });

/** Bytes of an access. */
export type Width = 1 | 2 | 4 | 8;
export const Size: Readonly<Record<Width, number>> = Object.freeze({ 4: 0x00, 2: 0x08, 1: 0x10, 8: 0x18 });
export const widthOf: Readonly<Record<number, Width>> = Object.freeze({ 0: 4, 8: 2, 16: 1, 24: 8 });

/** The operation of an atomic store, in the immediate. */
export const Atomic = Object.freeze({
  add: 0x00,
  or: 0x40,
  and: 0x50,
  xor: 0xa0,
  fetch: 0x01,
  xchg: 0xe1,
  cmpxchg: 0xf1,
});

/** What a 64-bit immediate stands for, in its source register field. */
export const Pseudo = Object.freeze({
  /** plain 64-bit number */
  imm: 0,
  /** map by file descriptor (BPF_PSEUDO_MAP_FD) */
  mapFd: 1,
  /** address inside the value of a single-entry array (BPF_PSEUDO_MAP_VALUE) */
  mapValue: 2,
  /** kernel variable by BTF id (BPF_PSEUDO_BTF_ID) */
  btfId: 3,
  /** address of a function of this program (BPF_PSEUDO_FUNC) */
  func: 4,
  /** map by its place in `fd_array` (BPF_PSEUDO_MAP_IDX) */
  mapIndex: 5,
  /** address inside the value of such a map (BPF_PSEUDO_MAP_IDX_VALUE) */
  mapIndexValue: 6,
});

/** What a call's immediate stands for, in its source register field. */
export const Call = Object.freeze({ helper: 0, local: 1, kfunc: 2 });
