/** Attempts to execute that failed, at the end of the system call. Pure. */
import { add, mov, neg } from "../../asm/alu";
import { helper } from "../../asm/helper-ids";
import { type Block, type Label, label } from "../../asm/instruction";
import { call, exit, jump, jump32 } from "../../asm/jump";
import { keepOnly } from "../../asm/macros/filter";
import { load, store } from "../../asm/memory";
import { fp, type Register, r0, r1, r2, r3, r6, r7, r8, r9 } from "../../asm/register";
import type { Btf } from "../../bpf/btf/btf";
import type { ProgramSpec } from "../../bpf/program-spec";
import { NotSupportedError } from "../../core/errors";
import { writeExecKey } from "../../probes/exec-key";
import { PATH_SIZE } from "../../probes/file-path";
import { followCopied } from "../../probes/follow";
import { abiCode } from "../../probes/syscall-abi";
import { type Abi, compatAbis, nativeAbi, syscallNumber, x32Bit } from "../../symbols/syscalls";
import { keepCurrent, type Layout, loadScratch, REST, send, writeHead } from "./event-layout";
import { FailedPart, Head, Kind } from "./event-records";

/** Where the registers of a caller keep the number of its call, by architecture. */
const NUMBER_REGISTERS: Readonly<Record<string, string>> = { x64: "orig_ax", arm64: "syscallno" };

/** Where they keep the path it gave, by its ABI. */
const PATH_REGISTERS: Readonly<Record<Abi, { readonly execve: string; readonly execveat: string }>> = {
  "x86-64": { execve: "di", execveat: "si" },
  x32: { execve: "di", execveat: "si" },
  i386: { execve: "bx", execveat: "cx" },
  arm64: { execve: "orig_x0", execveat: "regs[1]" },
  arm32: { execve: "orig_x0", execveat: "regs[1]" },
};

/** arch/arm/tools/syscall.tbl: there is no table of arm32's names. */
const ARM32_NUMBERS = { execve: 11, execveat: 387 } as const;

const calls = ["execve", "execveat"] as const;

/** A call that executes, by the code that `abiCode` gives its ABI. */
interface ExecCall {
  readonly code: number;
  readonly number: number;
  /** The number in the register. */
  readonly raw: number;
  readonly path: string;
}

function execCalls(arch: string): readonly ExecCall[] {
  const native = nativeAbi(arch);
  return [native, ...compatAbis(native)].flatMap((abi, code) =>
    calls.map((name): ExecCall => {
      const number = abi === "arm32" ? ARM32_NUMBERS[name] : (syscallNumber(abi, name) as number);
      const raw = abi === "x32" ? x32Bit | number : number;
      return { code, number, raw, path: PATH_REGISTERS[abi][name] };
    }),
  );
}

/** r8 = the path's address, for the call `number` of the ABI `code`; `ctx` leads to the registers. Loses r1. */
function loadPath(
  btf: Btf,
  wanted: readonly ExecCall[],
  [ctx, number, code]: readonly [Register, Register, Register],
  none: Label,
): Block {
  const found = label("path");
  return [
    wanted.map((one): Block => {
      const other = label("other_call");
      return [
        [jump.ne(code, one.code, other), jump32.ne(number, one.number, other)],
        [load(8, r1, ctx, 0), load(8, r8, r1, btf.requireMember("pt_regs", one.path).offset)],
        [jump.always(found), other],
      ];
    }),
    [jump.always(none), found],
  ];
}

/** A record for each execve and execveat that returns an error. */
export function onFailure(layout: Layout): ProgramSpec {
  const { btf, failedKey, facts, namespace } = layout;
  const numberRegister = NUMBER_REGISTERS[facts.arch];
  if (numberRegister === undefined)
    throw new NotSupportedError(`failed: architecture "${facts.arch}" is not supported`);
  const done = label("done");
  const before = Head.size + FailedPart.size;
  const to = (field: keyof typeof FailedPart.fields) => Head.size + FailedPart.offsets[field] - before;
  const number = btf.requireMember("pt_regs", numberRegister);
  const wanted = execCalls(facts.arch);
  const [result, path, copy] = [REST - 8, REST - 16, REST - 24];
  const stack = copy;
  // Since Linux 5.11 there is a typed pointer to the current task; failures are rare, so that all read by copies.
  const follow = followCopied(copy);
  const place = { task: r6, key: r9, spare: r7, room: 0, stack };
  return {
    name: "exec_failed",
    // The context is (struct pt_regs *, long result).
    hook: { kind: "btf-raw-tracepoint", name: "sys_exit" },
    code: [
      [mov(r6, r1), load(8, r1, r6, 8), jump.sge(r1, 0, done), neg(r1), store(8, fp, result, r1)],
      [load(8, r1, r6, 0), load(number.size as 4 | 8, r7, r1, number.offset)],
      keepOnly(r7, [...new Set(wanted.map(({ raw }) => raw))], done),
      abiCode(facts, r6, r7, r8, stack - 8),
      loadPath(btf, wanted, [r6, r7, r8], done),
      [store(8, fp, path, r8), call(helper.getCurrentTask), mov(r6, r0)],
      // bpfkit's own child tries the folders of PATH before it is COMMAND: those attempts do not count.
      keepCurrent(layout, done, stack),
      loadScratch(layout, before, done),
      writeExecKey(btf, failedKey, place, { namespace, withArgs: false, follow }),
      writeHead(layout, Kind.failed, before, stack, follow),
      [load(8, r1, fp, result), store(4, r9, to("errno"), r1), store(1, r9, to("path"), 0)],
      [mov(r1, r9), add(r1, to("path")), mov(r2, PATH_SIZE), load(8, r3, fp, path)],
      call(helper.probeReadUserStr),
      [mov(r3, failedKey.size), send(layout, before)],
      [done, mov(r0, 0), exit()],
    ],
  };
}
