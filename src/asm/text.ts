/** One instruction as the kernel's verifier and `bpftool prog dump xlated` print it. */
import { helperName } from "./helper-ids";
import type { Instruction, Label } from "./instruction";
import { Alu, Atomic, Call, Class, Jump, Mode, Pseudo, Source, widthOf } from "./opcode";

const aluSigns: Readonly<Record<number, string>> = {
  [Alu.add]: "+=",
  [Alu.sub]: "-=",
  [Alu.mul]: "*=",
  [Alu.div]: "/=",
  [Alu.or]: "|=",
  [Alu.and]: "&=",
  [Alu.lsh]: "<<=",
  [Alu.rsh]: ">>=",
  [Alu.mod]: "%=",
  [Alu.xor]: "^=",
  [Alu.mov]: "=",
  [Alu.arsh]: "s>>=",
};

const jumpSigns: Readonly<Record<number, string>> = {
  [Jump.eq]: "==",
  [Jump.gt]: ">",
  [Jump.ge]: ">=",
  [Jump.set]: "&",
  [Jump.ne]: "!=",
  [Jump.sgt]: "s>",
  [Jump.sge]: "s>=",
  [Jump.lt]: "<",
  [Jump.le]: "<=",
  [Jump.slt]: "s<",
  [Jump.sle]: "s<=",
};

const atomicSigns: Readonly<Record<number, string>> = {
  [Atomic.add]: "+=",
  [Atomic.or]: "|=",
  [Atomic.and]: "&=",
  [Atomic.xor]: "^=",
};

const atomicNames: Readonly<Record<number, string>> = {
  [Atomic.add | Atomic.fetch]: "fetch_add",
  [Atomic.or | Atomic.fetch]: "fetch_or",
  [Atomic.and | Atomic.fetch]: "fetch_and",
  [Atomic.xor | Atomic.fetch]: "fetch_xor",
  [Atomic.xchg]: "xchg",
};

/** The name of a label in the text; different for every label of a program. */
export type NameOf = (label: Label) => string;

const signed = (value: number) => (value < 0 ? `-${-value}` : `+${value}`);
const bits = (of: Instruction) => (widthOf[of.opcode & 0x18] ?? 0) * 8;
const cls = (of: Instruction) => of.opcode & 0x07;

function target(of: Instruction, distance: number, nameOf: NameOf): string {
  return of.reference?.kind === "label" ? nameOf(of.reference.label) : `pc${signed(distance)}`;
}

function aluText(of: Instruction): string {
  const code = of.opcode & 0xf0;
  const letter = cls(of) === Class.ALU ? "w" : "r";
  const dst = `${letter}${of.dst}`;
  if (code === Alu.neg) return `${dst} = -${dst}`;
  if (code === Alu.end) {
    const order = of.opcode & Source.X ? "be" : "le";
    return `r${of.dst} = ${cls(of) === Class.ALU64 ? "bswap" : order}${of.imm} r${of.dst}`;
  }
  const src = of.opcode & Source.X ? `${letter}${of.src}` : `${of.imm}`;
  if (code === Alu.mov && of.offset !== 0) return `${dst} = (s${of.offset})${src}`;
  return `${dst} ${of.offset === 0 ? "" : "s"}${aluSigns[code]} ${src}`;
}

function callText(of: Instruction, nameOf: NameOf): string {
  if (of.src === Call.local) return `call ${target(of, of.imm, nameOf)}`;
  if (of.src === Call.kfunc) return `call kfunc#${of.imm}${of.offset === 0 ? "" : ` of module ${of.offset}`}`;
  return `call ${helperName(of.imm) ?? `helper#${of.imm}`}`;
}

function jumpText(of: Instruction, nameOf: NameOf): string {
  const code = of.opcode & 0xf0;
  const wide = cls(of) === Class.JMP;
  if (code === Jump.exit) return "exit";
  if (code === Jump.call) return callText(of, nameOf);
  if (code === Jump.always)
    return wide ? `goto ${target(of, of.offset, nameOf)}` : `gotol ${target(of, of.imm, nameOf)}`;
  const letter = wide ? "r" : "w";
  const right = of.opcode & Source.X ? `${letter}${of.src}` : `${of.imm}`;
  return `if ${letter}${of.dst} ${jumpSigns[code]} ${right} goto ${target(of, of.offset, nameOf)}`;
}

function wideText(of: Instruction, nameOf: NameOf): string {
  const high = (of.high ?? 0) >>> 0;
  const map = (unnamed: string) =>
    `map[${of.reference?.kind === "map" ? of.reference.map.name : `${unnamed}:${of.imm}`}]`;
  switch (of.src) {
    case Pseudo.mapFd:
      return map("fd");
    case Pseudo.mapValue:
      return `${map("fd")}[0]+${high}`;
    case Pseudo.mapIndex:
      return map("index");
    case Pseudo.mapIndexValue:
      return `${map("index")}[0]+${high}`;
    case Pseudo.btfId:
      return `btf#${of.imm}${high === 0 ? "" : ` of module fd ${high}`}`;
    case Pseudo.func:
      return `function[${target(of, of.imm, nameOf)}]`;
    default:
      return `0x${((BigInt(high) << 32n) | BigInt(of.imm >>> 0)).toString(16)} ll`;
  }
}

function loadText(of: Instruction, nameOf: NameOf): string {
  if ((of.opcode & 0xe0) === Mode.IMM) return `r${of.dst} = ${wideText(of, nameOf)}`;
  const index = (of.opcode & 0xe0) === Mode.IND ? `r${of.src} + ${of.imm}` : `${of.imm}`;
  return `r0 = *(u${bits(of)} *)skb[${index}]`;
}

function atomicText(of: Instruction): string {
  const at = `(u${bits(of)} *)(r${of.dst} ${signed(of.offset)})`;
  const sign = atomicSigns[of.imm];
  if (sign !== undefined) return `lock *${at} ${sign} r${of.src}`;
  const atomic = bits(of) === 64 ? "atomic64" : "atomic";
  if (of.imm === Atomic.cmpxchg) return `r0 = ${atomic}_cmpxchg(${at}, r0, r${of.src})`;
  return `r${of.src} = ${atomic}_${atomicNames[of.imm]}(${at}, r${of.src})`;
}

function memoryText(of: Instruction): string {
  const mode = of.opcode & 0xe0;
  if (mode === Mode.ATOMIC) return atomicText(of);
  if (cls(of) === Class.LDX)
    return `r${of.dst} = *(${mode === Mode.MEMSX ? "s" : "u"}${bits(of)} *)(r${of.src} ${signed(of.offset)})`;
  const value = cls(of) === Class.ST ? `${of.imm}` : `r${of.src}`;
  return `*(u${bits(of)} *)(r${of.dst} ${signed(of.offset)}) = ${value}`;
}

/** The instruction's text, such as `r1 = *(u64 *)(r6 +8)`. */
export function textOf(instruction: Instruction, nameOf: NameOf = (label) => label.name): string {
  switch (cls(instruction)) {
    case Class.ALU:
    case Class.ALU64:
      return aluText(instruction);
    case Class.JMP:
    case Class.JMP32:
      return jumpText(instruction, nameOf);
    case Class.LD:
      return loadText(instruction, nameOf);
    default:
      return memoryText(instruction);
  }
}
