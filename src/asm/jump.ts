import { Instruction, type Label } from "./instruction";
import { Call, Class, Jump, Source } from "./opcode";
import { checkInteger, checkLabel, checkRegister, checkSigned, checkWord } from "./operand";
import type { Register } from "./register";

/** Goes to `target` if `left OP right` holds, where right is a register or an immediate. */
export type JumpBuilder = (left: Register, right: Register | number, target: Label) => Instruction;

function conditional(code: number, cls: 5 | 6): JumpBuilder {
  const check = cls === Class.JMP ? checkSigned : checkWord;
  return function build(left, right, target) {
    const reference = { kind: "label", label: checkLabel(target, build) } as const;
    const dst = checkRegister(left, build);
    return typeof right === "number"
      ? new Instruction({ opcode: code | Source.K | cls, dst, imm: check(right, build), reference }, build)
      : new Instruction(
          { opcode: code | Source.X | cls, dst, src: checkRegister(right, build), reference },
          build,
        );
  };
}

function always(target: Label): Instruction {
  const opcode = Jump.always | Class.JMP;
  return new Instruction({ opcode, reference: { kind: "label", label: checkLabel(target, always) } }, always);
}

function far(target: Label): Instruction {
  const opcode = Jump.always | Class.JMP32;
  return new Instruction({ opcode, reference: { kind: "label", label: checkLabel(target, far) } }, far);
}

function comparisons(cls: 5 | 6) {
  return {
    eq: conditional(Jump.eq, cls),
    ne: conditional(Jump.ne, cls),
    /** `left & right` is not zero */
    set: conditional(Jump.set, cls),
    // unsigned
    gt: conditional(Jump.gt, cls),
    ge: conditional(Jump.ge, cls),
    lt: conditional(Jump.lt, cls),
    le: conditional(Jump.le, cls),
    // signed
    sgt: conditional(Jump.sgt, cls),
    sge: conditional(Jump.sge, cls),
    slt: conditional(Jump.slt, cls),
    sle: conditional(Jump.sle, cls),
  };
}

/** Jumps that compare 64 bits. `far` reaches further than 32767 slots; since Linux 6.6. */
export const jump = Object.freeze({ ...comparisons(5), always, far });

/** Jumps that compare the lower 32 bits. */
export const jump32 = Object.freeze(comparisons(6));

/** Calls a kernel helper by its id: arguments in r1–r5, result in r0. */
export function call(helperId: number): Instruction {
  const imm = checkInteger("helper id", helperId, 1, 2 ** 31 - 1, call);
  return new Instruction({ opcode: Jump.call | Class.JMP, src: Call.helper, imm }, call);
}

/** Calls a function of this program, which starts at `target`. */
export function callLocal(target: Label): Instruction {
  const reference = { kind: "label", label: checkLabel(target, callLocal) } as const;
  return new Instruction({ opcode: Jump.call | Class.JMP, src: Call.local, reference }, callLocal);
}

/**
 * Calls a kernel function by the BTF id of its FUNC. `moduleIndex` is the place of the module's BTF
 * descriptor in `fd_array`, 0 for the kernel itself. Since Linux 5.13.
 */
export function callKfunc(btfId: number, moduleIndex = 0): Instruction {
  const imm = checkInteger("BTF id", btfId, 1, 2 ** 31 - 1, callKfunc);
  const offset = checkInteger("module index", moduleIndex, 0, 2 ** 15 - 1, callKfunc);
  return new Instruction({ opcode: Jump.call | Class.JMP, src: Call.kfunc, offset, imm }, callKfunc);
}

/** Returns r0 to the caller. */
export function exit(): Instruction {
  return new Instruction({ opcode: Jump.exit | Class.JMP }, exit);
}
