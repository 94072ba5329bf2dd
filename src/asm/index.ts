/** The assembler: instructions as values, blocks as programs, and the way back from bytes to text. */
export {
  type AluBuilder,
  add,
  add32,
  and,
  and32,
  arsh,
  arsh32,
  be,
  bswap,
  div,
  div32,
  le,
  lsh,
  lsh32,
  mod,
  mod32,
  mov,
  mov32,
  movsx,
  movsx32,
  mul,
  mul32,
  neg,
  neg32,
  or,
  or32,
  rsh,
  rsh32,
  sdiv,
  sdiv32,
  smod,
  smod32,
  sub,
  sub32,
  xor,
  xor32,
} from "./alu";
export { type Assembled, assemble, type MapSlot, SLOT } from "./assemble";
export {
  type AtomicBuilder,
  atomicAdd,
  atomicAnd,
  atomicCompareExchange,
  atomicExchange,
  atomicFetchAdd,
  atomicFetchAnd,
  atomicFetchOr,
  atomicFetchXor,
  atomicOr,
  atomicXor,
} from "./atomic";
export { type Decoded, type DecodedSlot, decode, decodeSlots, type Known } from "./decode";
export { disassemble, listing } from "./disassemble";
export { helper, helperName } from "./helper-ids";
export {
  AssemblyError,
  type Block,
  Instruction,
  Label,
  label,
  type MapRef,
  type Reference,
  Subprogram,
  subprogram,
} from "./instruction";
export { call, callKfunc, callLocal, exit, type JumpBuilder, jump, jump32 } from "./jump";
export { atLeast, atMost, type BoundOptions } from "./macros/bound";
export { currentPid, keepComm, keepOnly } from "./macros/filter";
export {
  type IncrementOptions,
  increment,
  lookup,
  lookupOrInsert,
  remove,
  stackAddress,
  update,
} from "./macros/map";
export { emitRecord, type RecordOptions } from "./macros/record";
export { COMM_SIZE, type FieldSources, readComm, storeStruct, zero } from "./macros/stack";
export {
  load,
  loadBtfId,
  loadFunction,
  loadImm64,
  loadMap,
  loadMapAt,
  loadMapValue,
  loadMapValueAt,
  loadPacket,
  loadPacketIndexed,
  loadSigned,
  store,
} from "./memory";
export type { Width } from "./opcode";
export { fp, type Register, r0, r1, r2, r3, r4, r5, r6, r7, r8, r9 } from "./register";
export { type NameOf, textOf } from "./text";
