import type { Btf } from "../../../../src/bpf/btf/btf";
import type { KernelFacts, PidNamespace } from "../../../../src/bpf/facts";

/** Offsets of no particular kernel: listings made with them are the same everywhere. */
const PLACES: Readonly<Record<string, readonly [offset: number, size: number]>> = {
  "pt_regs.cx": [88, 8],
  "pt_regs.ip": [128, 8],
  "pt_regs.pc": [256, 8],
  "pt_regs.pstate": [264, 8],
  "pt_regs.orig_x0": [272, 8],
  "task_struct.thread_info.status": [16, 4],
  "task_struct.__state": [24, 4],
  "task_struct.group_leader": [1400, 8],
  "task_struct.comm": [1800, 16],
  "task_struct.tgid": [1404, 4],
  "task_struct.pid": [1300, 4],
  "task_struct.thread_pid": [1500, 8],
  "task_struct.nsproxy": [1900, 8],
  "nsproxy.mnt_ns": [24, 8],
  "mnt_namespace.ns.inum": [16, 4],
  "pid.level": [4, 4],
  "pid.numbers": [96, 16],
  "upid.ns": [8, 8],
  "pid_namespace.ns.inum": [120, 4],
  "task_struct.mm": [1200, 8],
  "task_struct.start_time": [1600, 8],
  "task_struct.self_exec_id": [1608, 8],
  "mm_struct.exec_vm": [240, 8],
  "task_struct.se.sum_exec_runtime": [200, 8],
};

function madeUpBtf(): Btf {
  const member = (type: string, path: string) => {
    const place = PLACES[`${type}.${path}`];
    return place === undefined ? undefined : { offset: place[0], size: place[1], type: 0 };
  };
  const btf: Pick<Btf, "member" | "requireMember" | "rawTracepoint" | "prototype"> = {
    member: (type, path) => member(String(type), path),
    requireMember: (type, path) => {
      const place = member(String(type), path);
      if (place === undefined) throw new RangeError(`the made-up kernel has no ${type}.${path}`);
      return place;
    },
    rawTracepoint: ((name: string) => ({ id: 1, name })) as never,
    prototype: ((name: string) => ({ id: 2, name, params: [] })) as never,
  };
  return btf as Btf;
}

interface MadeUp {
  readonly arch?: "x64" | "arm64";
  readonly btf?: boolean;
  readonly pidNamespace?: PidNamespace;
}

/** The facts of a machine with two processors. */
export function madeUpFacts({ arch = "x64", btf = true, pidNamespace }: MadeUp = {}): KernelFacts {
  const types = btf ? madeUpBtf() : undefined;
  return {
    arch,
    release: "6.6.6-made-up",
    possibleCpus: 2,
    isAtLeast: () => true,
    btf: () => types,
    pidNamespace,
    permissionHint: () => "",
  };
}
