import { rsh } from "../alu";
import { helper } from "../helper-ids";
import { AssemblyError, type Block, type Label, label } from "../instruction";
import { call, jump, jump32 } from "../jump";
import { load, loadImm64 } from "../memory";
import type { Width } from "../opcode";
import { type Register, r0, r1, r2 } from "../register";
import { COMM_SIZE } from "./stack";

/** r0 = the current process id (the kernel's tgid), as the initial PID namespace numbers it. Loses r1–r5. */
export function currentPid(): Block {
  return [call(helper.getCurrentPidTgid), rsh(r0, 32)];
}

/** Goes to `drop` unless the lower 32 bits of the register, such as a process id, are one of `values`. */
export function keepOnly(register: Register, values: readonly number[], drop: Label): Block {
  const last = values.at(-1);
  if (last === undefined) throw new AssemblyError(`filter to "${drop.name}": no value to keep`);
  const kept = label("kept");
  const others = values.slice(0, -1).map((value) => jump32.eq(register, value, kept));
  return [others, jump32.ne(register, last, drop), ...(others.length === 0 ? [] : [kept])];
}

/**
 * Goes to `drop` unless the command name at `base + at` (aligned to eight bytes) is `name`; a trailing `*`
 * stands for any end. Loses r1 and r2.
 */
export function keepComm(base: Register, at: number, name: string, drop: Label): Block {
  const prefix = name.endsWith("*");
  const wanted = Buffer.from(prefix ? name.slice(0, -1) : `${name}\0`);
  if (wanted.length > COMM_SIZE)
    throw new AssemblyError(`command name: "${name}" is longer than ${COMM_SIZE - 1} bytes`);
  const tests: Block[number][] = [];
  for (let done = 0; done < wanted.length; ) {
    const left = wanted.length - done;
    const width: Width = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    tests.push(load(width, r1, base, at + done));
    if (width === 8) tests.push(loadImm64(r2, wanted.readBigUInt64LE(done)), jump.ne(r1, r2, drop));
    else tests.push(jump32.ne(r1, wanted.readUIntLE(done, width), drop));
    done += width;
  }
  return tests;
}
