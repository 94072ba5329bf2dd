/** Many kernel functions in one link. */
import { AttachType, BpfCmd, MultiProbeFlag, ProgType } from "../../core/bpf-uapi";
import { errno } from "../../core/errno";
import { NotSupportedError, UsageError } from "../../core/errors";
import { Attr } from "../../sys/attr";
import type { Access } from "../access";
import { LinkCreateKprobeMulti } from "../attr-layouts";
import { Fd } from "../fd";
import { Link } from "../link";
import { missedByKprobeMulti } from "../link-info";
import type { KprobeMultiHook } from "../program-spec";
import { cString, type HookKind } from "./hook-kind";
import { similarFunction } from "./kernel-functions";

/** Old kernels know nothing of it, newer ones may be built without fprobe. */
const ABSENT: readonly number[] = [errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUPP];

function refused(hook: KprobeMultiHook, operation: string, code: number, access: Access): Error {
  if (code === errno.ESRCH || code === errno.ENOENT) {
    const [only, ...more] = hook.functions;
    const hint = only !== undefined && more.length === 0 ? similarFunction(only, access) : undefined;
    return new NotSupportedError(`${operation}: a function is missing, or cannot be probed`, {
      cause: access.refusal(operation, code),
      hint: hint ?? "available_filter_functions in tracefs lists those that can be",
    });
  }
  if (ABSENT.includes(code))
    return new NotSupportedError(`${operation}: this kernel has no kprobe.multi`, {
      cause: access.refusal(operation, code),
      hint: "needs Linux 5.18 or newer built with CONFIG_FPROBE; use kprobe or fentry instead",
    });
  return access.refusal(operation, code);
}

/** The bytes of an array of 64-bit numbers. */
export function wordBytes(values: readonly (bigint | number)[] | undefined): Uint8Array | undefined {
  return values && new Uint8Array(BigUint64Array.from(values, BigInt).buffer);
}

/** Throws a UsageError unless there is something to attach to, and a cookie for each place if any. */
export function checkPlaces(operation: string, places: number, cookies: readonly bigint[] | undefined): void {
  if (places === 0) throw new UsageError(`${operation}: nothing to attach to`);
  if (cookies !== undefined && cookies.length !== places)
    throw new UsageError(`${operation}: ${cookies.length} cookies for ${places} places`);
}

export const kprobeMulti: HookKind<KprobeMultiHook> = {
  programType: () => ({
    type: ProgType.BPF_PROG_TYPE_KPROBE,
    expectedAttachType: AttachType.BPF_TRACE_KPROBE_MULTI,
  }),
  attach(hook, program, access) {
    const { name, functions, atReturn, cookies } = hook;
    const operation = `attach kprobe.multi to "${name}"`;
    checkPlaces(operation, functions.length, cookies);
    const attr = Attr.of(LinkCreateKprobeMulti, {
      progFd: program.number,
      attachType: AttachType.BPF_TRACE_KPROBE_MULTI,
      multiFlags: atReturn ? MultiProbeFlag.BPF_F_KPROBE_MULTI_RETURN : 0,
      cnt: functions.length,
      syms: Attr.list(functions.map(cString)),
      cookies: wordBytes(cookies),
    });
    const fd = access.sys.bpf(BpfCmd.BPF_LINK_CREATE, attr);
    if (fd < 0) throw refused(hook, operation, -fd, access);
    const link = new Fd(access.sys, fd, "link");
    const missed = () => missedByKprobeMulti(access.sys, link);
    return new Link("bpf-link", link, functions.length, missed);
  },
};
