/** Many instructions of one file in one link. */
import { AttachType, BpfCmd, MultiProbeFlag, ProgType } from "../../core/bpf-uapi";
import { errno } from "../../core/errno";
import { NotSupportedError } from "../../core/errors";
import { Attr } from "../../sys/attr";
import { LinkCreateUprobeMulti } from "../attr-layouts";
import { Fd } from "../fd";
import { Link } from "../link";
import type { UprobeMultiHook } from "../program-spec";
import { cString, type HookKind } from "./hook-kind";
import { checkPlaces, wordBytes } from "./kprobe-multi";
import { uprobeRefused } from "./uprobe";

export const uprobeMulti: HookKind<UprobeMultiHook> = {
  programType: () => ({
    type: ProgType.BPF_PROG_TYPE_KPROBE,
    expectedAttachType: AttachType.BPF_TRACE_UPROBE_MULTI,
  }),
  attach(hook, program, access) {
    const { name, path, offsets, atReturn, pid, cookies } = hook;
    const operation = `attach uprobe.multi to "${name}" in "${path}"`;
    checkPlaces(operation, offsets.length, cookies);
    const attr = Attr.of(LinkCreateUprobeMulti, {
      progFd: program.number,
      attachType: AttachType.BPF_TRACE_UPROBE_MULTI,
      path: cString(path),
      offsets: wordBytes(offsets),
      cookies: wordBytes(cookies),
      cnt: offsets.length,
      multiFlags: atReturn ? MultiProbeFlag.BPF_F_UPROBE_MULTI_RETURN : 0,
      pid,
    });
    const fd = access.sys.bpf(BpfCmd.BPF_LINK_CREATE, attr);
    if (fd >= 0) return new Link("bpf-link", new Fd(access.sys, fd, "link"), offsets.length);
    if (fd === -errno.EOPNOTSUPP || (fd === -errno.EINVAL && !access.facts.isAtLeast(6, 6)))
      throw new NotSupportedError(`${operation}: this kernel has no uprobe.multi`, {
        hint: "needs Linux 6.6 or newer; use a uprobe for each place instead",
      });
    throw uprobeRefused(operation, hook, -fd, access);
  },
};
