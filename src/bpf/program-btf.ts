/**
 * BTF of a program itself: where its functions start, and what they are called. The kernel asks for it before it lets a
 * program hand the address of one of its functions to a helper, and bpftool shows the names. Pure.
 */
import type { Assembled } from "../asm/assemble";
import type { Instruction, Label } from "../asm/instruction";
import { Call, Class, Jump, Mode, Pseudo, Size } from "../asm/opcode";
import { FuncInfo } from "./attr-layouts";
import { encodeBtf, type TypeSpec } from "./btf/encode";

/** What BPF_BTF_LOAD and, with the descriptor it gives, BPF_PROG_LOAD want. */
export interface ProgramBtf {
  readonly bytes: Uint8Array;
  /** An array of `struct bpf_func_info`. */
  readonly functionInfo: Uint8Array;
}

/** Undefined for a program that hands out no function: only those need it. */
export function btfForProgram(name: string, program: Assembled): ProgramBtf | undefined {
  if (!program.instructions.some(takesFunction)) return undefined;
  const functions = [{ slot: 0, name }, ...functionsOf(program)];
  const bytes = encodeBtf([
    { kind: "int", name: "int", size: 4, bits: 32, offset: 0, signed: true, char: false, bool: false },
    { kind: "func_proto", returns: INT, params: [], variadic: false },
    // The verifier looks into callbacks with the arguments of the helper, and wants them static for that.
    ...functions.map(
      (each): TypeSpec => ({
        kind: "func",
        name: identifier(each.name),
        type: PROTOTYPE,
        linkage: "static",
      }),
    ),
  ]);
  const functionInfo = new Uint8Array(functions.length * FuncInfo.size);
  const view = new DataView(functionInfo.buffer);
  functions.forEach(({ slot: insnOff }, i) => {
    FuncInfo.encode(view, i * FuncInfo.size, { insnOff, typeId: FIRST_FUNCTION + i });
  });
  return { bytes, functionInfo };
}

/** Ids in the order written, from 1. */
const INT = 1;
const PROTOTYPE = 2;
const FIRST_FUNCTION = 3;

/** The functions after the first, in the order they stand: what is called, and what is handed out. */
function functionsOf({ instructions, labels }: Assembled): { slot: number; name: string }[] {
  const targets = new Set<Label>();
  for (const instruction of instructions)
    if ((takesFunction(instruction) || callsFunction(instruction)) && instruction.reference?.kind === "label")
      targets.add(instruction.reference.label);
  return [...labels]
    .flatMap(([slot, here]) => {
      const found = here.find((label) => targets.has(label));
      return found === undefined || slot === 0 ? [] : [{ slot, name: found.name }];
    })
    .sort((a, b) => a.slot - b.slot);
}

function takesFunction({ opcode, src }: Instruction): boolean {
  return opcode === (Class.LD | Mode.IMM | Size[8]) && src === Pseudo.func;
}

function callsFunction({ opcode, src }: Instruction): boolean {
  return opcode === (Class.JMP | Jump.call) && src === Call.local;
}

/** KSYM_NAME_LEN, include/linux/kallsyms.h, with the NUL: what older kernels take as the name of a function. */
const LONGEST = 127;

/** A label's name as the kernel takes it: a C identifier. */
function identifier(name: string): string {
  return name
    .replace(/\W/g, "_")
    .replace(/^(?=\d)/, "_")
    .slice(0, LONGEST);
}
