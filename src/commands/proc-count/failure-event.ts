/** Attempts to execute that failed, at the end of the system call. Pure. */
import { add, mov, neg } from "../../asm/alu";
import { helper } from "../../asm/helper-ids";
import { label } from "../../asm/instruction";
import { call, exit, jump, jump32 } from "../../asm/jump";
import { load, store } from "../../asm/memory";
import { fp, r0, r1, r2, r3, r6, r7, r8, r9 } from "../../asm/register";
import type { ProgramSpec } from "../../bpf/program-spec";
import { NotSupportedError } from "../../core/errors";
import { writeExecKey } from "../../probes/exec-key";
import { PATH_SIZE } from "../../probes/file-path";
import { abiCode } from "../../probes/syscall-abi";
import { nativeAbi, syscallNumber } from "../../symbols/syscalls";
import { keepCurrent, type Layout, loadScratch, REST, send, writeHead } from "./event-layout";
import { FailedPart, Head, Kind } from "./event-records";

/** Where the registers of a caller keep the number of its call and the path it gave, by architecture. */
const REGISTERS = {
  x64: { number: "orig_ax", execve: "di", execveat: "si" },
  arm64: { number: "syscallno", execve: "orig_x0", execveat: "regs[1]" },
} as const;

/** A record for each execve and execveat that returns an error. */
export function onFailure(layout: Layout): ProgramSpec {
  const { btf, failedKey, facts, namespace } = layout;
  const names = REGISTERS[facts.arch as keyof typeof REGISTERS];
  if (names === undefined)
    throw new NotSupportedError(`failed: architecture "${facts.arch}" is not supported`);
  if (!facts.isAtLeast(5, 11))
    throw new NotSupportedError("failed: needs Linux 5.11", {
      hint: "since then a program may look into the task that makes a system call",
    });
  const native = nativeAbi(facts.arch);
  const done = label("done");
  const found = label("path");
  const second = label("execveat");
  const regs = (name: string) => btf.requireMember("pt_regs", name);
  const before = Head.size + FailedPart.size;
  const to = (field: keyof typeof FailedPart.fields) => Head.size + FailedPart.offsets[field] - before;
  const number = regs(names.number);
  const [result, path] = [REST - 8, REST - 16];
  const stack = REST - 16;
  const place = { task: r6, key: r9, spare: r7, room: 0, stack };
  return {
    name: "exec_failed",
    // The context is (struct pt_regs *, long result).
    hook: { kind: "btf-raw-tracepoint", name: "sys_exit" },
    code: [
      [mov(r6, r1), load(8, r1, r6, 0), load(number.size as 4 | 8, r7, r1, number.offset)],
      [jump32.eq(r7, syscallNumber(native, "execveat") as number, second)],
      [jump32.ne(r7, syscallNumber(native, "execve") as number, done)],
      [load(8, r8, r1, regs(names.execve).offset), jump.always(found)],
      [second, load(8, r8, r1, regs(names.execveat).offset)],
      found,
      [load(8, r1, r6, 8), jump.sge(r1, 0, done), neg(r1), store(8, fp, result, r1), store(8, fp, path, r8)],
      [abiCode(facts, r6, r7, r8, stack - 8), jump.ne(r8, 0, done)],
      [call(helper.getCurrentTaskBtf), mov(r6, r0)],
      // bpfkit's own child tries the folders of PATH before it is COMMAND: those attempts do not count.
      keepCurrent(layout, done, stack),
      loadScratch(layout, before, done),
      writeExecKey(btf, failedKey, place, { namespace, withArgs: false }),
      writeHead(layout, Kind.failed, before, stack),
      [load(8, r1, fp, result), store(4, r9, to("errno"), r1), store(1, r9, to("path"), 0)],
      [
        mov(r1, r9),
        add(r1, to("path")),
        mov(r2, PATH_SIZE),
        load(8, r3, fp, path),
        call(helper.probeReadUserStr),
      ],
      [mov(r3, failedKey.size), send(layout, before)],
      [done, mov(r0, 0), exit()],
    ],
  };
}
