/** Kernel functions through the kprobe PMU. */
import { ProgType } from "../../core/bpf-uapi";
import { errno } from "../../core/errno";
import { NotSupportedError, UsageError } from "../../core/errors";
import { onlineCpusOf } from "../../sys/cpus";
import type { Access } from "../access";
import type { KprobeHook } from "../program-spec";
import { cString, type HookKind } from "./hook-kind";
import { similarFunction } from "./kernel-functions";
import { attachToEvent, openPerfEvent } from "./perf-attachment";
import { probePmu } from "./probe-pmu";

function placeOf({ name, offset }: KprobeHook): string {
  return offset === undefined || offset === 0 ? name : `${name}+${offset}`;
}

function refused(hook: KprobeHook, operation: string, code: number, access: Access): Error {
  if (code === errno.ENOENT)
    return new NotSupportedError(`${operation}: this kernel has no function of that name`, {
      hint: similarFunction(hook.name, access),
    });
  if (code === errno.EINVAL || code === errno.EADDRNOTAVAIL || code === errno.EILSEQ)
    return new NotSupportedError(`${operation}: no probe may be put there`, {
      cause: access.refusal(operation, code),
      hint: "the kernel keeps probes away from some functions, listed in /sys/kernel/debug/kprobes/blacklist, and from the middle of an instruction",
    });
  return access.refusal(operation, code);
}

export const kprobe: HookKind<KprobeHook> = {
  programType: () => ({ type: ProgType.BPF_PROG_TYPE_KPROBE }),
  attach(hook, program, access) {
    const { kind, name, offset = 0, cookie } = hook;
    const operation = `attach ${kind} to "${placeOf(hook)}"`;
    if (kind === "kretprobe" && offset !== 0) throw new UsageError(`${operation}: a return has no offset`);
    const pmu = probePmu(access, "kprobe");
    const event = openPerfEvent(
      access,
      {
        type: pmu.type,
        config: kind === "kretprobe" ? pmu.returnBit : 0n,
        config1: cString(name),
        config2: offset,
      },
      { pid: -1, cpu: onlineCpusOf(access.sys)[0] ?? 0 },
    );
    if (event < 0) throw refused(hook, operation, -event, access);
    return attachToEvent(access, program, event, { operation, cookie });
  },
};
