/** Instructions of programs and libraries through the uprobe PMU. */
import { ProgType } from "../../core/bpf-uapi";
import { errno } from "../../core/errno";
import { NotSupportedError, UsageError } from "../../core/errors";
import { onlineCpusOf } from "../../sys/cpus";
import type { Access } from "../access";
import type { UprobeHook } from "../program-spec";
import { cString, type HookKind } from "./hook-kind";
import { attachToEvent, openPerfEvent } from "./perf-attachment";
import { probePmu } from "./probe-pmu";

/** What the kernel's answers mean for probes of user space, alike for one place and for many. */
export function uprobeRefused(
  operation: string,
  { path, pid }: { readonly path: string; readonly pid?: number | undefined },
  code: number,
  access: Access,
): Error {
  const cause = access.refusal(operation, code);
  if (code === errno.ENOENT) return new UsageError(`${operation}: there is no file "${path}"`, { cause });
  if (code === errno.ESRCH) return new UsageError(`${operation}: there is no process ${pid}`, { cause });
  if (code === errno.EINVAL || code === errno.EILSEQ || code === errno.EIO)
    return new NotSupportedError(`${operation}: no probe may be put there`, {
      cause,
      hint: "the file must be a regular one, and the offset the first byte of an instruction in it",
    });
  return cause;
}

export const uprobe: HookKind<UprobeHook> = {
  programType: () => ({ type: ProgType.BPF_PROG_TYPE_KPROBE }),
  attach(hook, program, access) {
    const { kind, name, path, offset, pid, cookie } = hook;
    const operation = `attach ${kind} to "${name}" in "${path}"`;
    const pmu = probePmu(access, "uprobe");
    const event = openPerfEvent(
      access,
      {
        type: pmu.type,
        config: kind === "uretprobe" ? pmu.returnBit : 0n,
        config1: cString(path),
        config2: offset,
      },
      pid === undefined ? { pid: -1, cpu: onlineCpusOf(access.sys)[0] ?? 0 } : { pid, cpu: -1 },
    );
    if (event < 0) throw uprobeRefused(operation, hook, -event, access);
    return attachToEvent(access, program, event, { operation, cookie });
  },
};
