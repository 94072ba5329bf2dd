/** What only the kernel knows of our own process: programs that run once in our name tell. */
import { add, mov } from "../asm/alu";
import { helper } from "../asm/helper-ids";
import type { Block } from "../asm/instruction";
import { call, exit } from "../asm/jump";
import { stackAddress } from "../asm/macros/map";
import { load, store } from "../asm/memory";
import { fp, r0, r1, r2, r3 } from "../asm/register";
import type { Btf } from "./btf/btf";
import type { Kernel } from "./kernel";

export interface OwnIds {
  /** Our process id as the kernel numbers it. */
  readonly pid: number;
  /** How deep our PID namespace lies: the machine's first one is 0. */
  readonly level: number;
}

/** Asks for them. In a PID namespace since Linux 5.10, and the level needs BTF. */
export function ownIds(kernel: Kernel): OwnIds {
  const btf = kernel.facts.btf();
  const isFirst = kernel.facts.pidNamespace === undefined;
  return { pid: kernel.ownPid(), level: isFirst || btf === undefined ? 0 : namespaceLevel(kernel, btf) };
}

/** A task's own number is that in the deepest namespace that it is in: its own one. */
function namespaceLevel(kernel: Kernel, btf: Btf): number {
  const offset = (type: string, member: string) => btf.requireMember(type, member).offset;
  const read = (size: number): Block => [stackAddress(r1, -8), mov(r2, size), call(helper.probeReadKernel)];
  const code: Block = [
    [store(8, fp, -8, 0), call(helper.getCurrentTask)],
    [mov(r3, r0), add(r3, offset("task_struct", "thread_pid")), read(8)],
    [load(8, r3, fp, -8), store(8, fp, -8, 0), add(r3, offset("pid", "level")), read(4)],
    [load(4, r0, fp, -8), exit()],
  ];
  const hook = { kind: "raw-tracepoint", name: "sys_enter" } as const;
  using program = kernel.load({ name: "own_pid_level", hook, code }, () => -1);
  return program.testRun();
}
