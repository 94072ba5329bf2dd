/**
 * What a system call did, told from its return: which call it was stands in its caller's registers. Pure.
 *
 *     r6  the context, then the result
 *     r7  the call's number, then its class
 *     r8  the code of its ABI
 */
import { mov } from "../../asm/alu";
import { type Block, type Label, label } from "../../asm/instruction";
import { jump, jump32 } from "../../asm/jump";
import { load } from "../../asm/memory";
import { r1, r6, r7, r8 } from "../../asm/register";
import { LOWEST_ERROR } from "../../probes/stats";
import { abiCode } from "../../probes/syscall-abi";
import { typedRegisters } from "../../probes/syscall-registers";
import { nativeAbi } from "../../symbols/syscalls";
import { addAmount, addOne, place, SCRATCH, type Scene, WORD } from "./slots";
import { CallClass, callClass } from "./syscall-classes";

/** The context is (struct pt_regs *, long result). */
export function countCalls(scene: Scene, drop: Label): Block {
  const { facts, classes } = scene;
  const btf = typedRegisters(facts);
  const native = nativeAbi(facts.arch);
  const succeeded = label("succeeded");
  const forks = label("other_than_fork");
  const number: Block =
    btf === undefined
      ? [mov(r7, 0)]
      : [
          [load(8, r1, r6, 0), numberOf(facts.arch, btf.requireMember.bind(btf))],
          abiCode(facts, r6, r7, r8, SCRATCH),
          callClass(native, classes, r7, r7, r8),
        ];
  return [
    number,
    load(8, r6, r6, WORD),
    // A child begins with the return from the fork of its parent, which counts there.
    [jump32.ne(r7, CallClass.fork, forks), jump.eq(r6, 0, drop), forks],
    [place(scene), addOne(scene, "syscalls"), jump.lt(r6, LOWEST_ERROR, succeeded)],
    [addOne(scene, "failed"), jump.always(drop), succeeded],
    ofClass(scene, CallClass.open, [addOne(scene, "opens")], drop),
    ofClass(scene, CallClass.close, [addOne(scene, "closes")], drop),
    ofClass(scene, CallClass.read, [addOne(scene, "reads"), addAmount(scene, "read-bytes", r6)], drop),
    ofClass(scene, CallClass.write, [addOne(scene, "writes"), addAmount(scene, "write-bytes", r6)], drop),
  ];
}

/** r7 = the number of the call whose registers r1 points to. */
function numberOf(arch: string, member: (type: string, path: string) => { offset: number }): Block {
  return arch === "arm64"
    ? [load(4, r7, r1, member("pt_regs", "syscallno").offset)]
    : [load(8, r7, r1, member("pt_regs", "orig_ax").offset)];
}

function ofClass({ facts }: Scene, kind: number, then: readonly Block[], done: Label): Block {
  if (
    typedRegisters(facts) === undefined ||
    then.every((block) => Array.isArray(block) && block.length === 0)
  )
    return [];
  const other = label("other_class");
  return [jump32.ne(r7, kind, other), then, jump.always(done), other];
}
