/** Programs that see or decide what the processes of a cgroup do. */
import { AttachFlag, AttachType, BpfCmd, ProgType } from "../../core/bpf-uapi";
import { errno } from "../../core/errno";
import { UsageError } from "../../core/errors";
import { Resources } from "../../core/resources";
import { Attr } from "../../sys/attr";
import { LinkCreate, ProgAttach } from "../attr-layouts";
import { Fd } from "../fd";
import { Link } from "../link";
import type { CgroupEvent, CgroupHook } from "../program-spec";
import type { HookKind } from "./hook-kind";

const EVENTS: Readonly<Record<CgroupEvent, { readonly type: number; readonly attachType: number }>> = {
  ingress: { type: ProgType.BPF_PROG_TYPE_CGROUP_SKB, attachType: AttachType.BPF_CGROUP_INET_INGRESS },
  egress: { type: ProgType.BPF_PROG_TYPE_CGROUP_SKB, attachType: AttachType.BPF_CGROUP_INET_EGRESS },
  "sock-create": {
    type: ProgType.BPF_PROG_TYPE_CGROUP_SOCK,
    attachType: AttachType.BPF_CGROUP_INET_SOCK_CREATE,
  },
  "sock-release": {
    type: ProgType.BPF_PROG_TYPE_CGROUP_SOCK,
    attachType: AttachType.BPF_CGROUP_INET_SOCK_RELEASE,
  },
  device: { type: ProgType.BPF_PROG_TYPE_CGROUP_DEVICE, attachType: AttachType.BPF_CGROUP_DEVICE },
  sysctl: { type: ProgType.BPF_PROG_TYPE_CGROUP_SYSCTL, attachType: AttachType.BPF_CGROUP_SYSCTL },
};

export const cgroup: HookKind<CgroupHook> = {
  programType({ event }) {
    const { type, attachType } = EVENTS[event];
    return { type, expectedAttachType: attachType };
  },
  attach({ name, event }, program, access) {
    const operation = `attach to ${event} of cgroup "${name}"`;
    const { sys } = access;
    using opened = new Resources();
    const directory = sys.open(name);
    if (directory === -errno.ENOENT) throw new UsageError(`${operation}: there is no such directory`);
    if (directory < 0) throw access.refusal(operation, -directory);
    const target = opened.use(new Fd(sys, directory, "cgroup"));
    const { attachType } = EVENTS[event];
    const values = { progFd: program.number, targetFd: target.number, attachType };
    const link = sys.bpf(BpfCmd.BPF_LINK_CREATE, Attr.of(LinkCreate, values));
    if (link >= 0) return new Link("bpf-link", new Fd(sys, link, "link"));
    if (link === -errno.EBADF) throw new UsageError(`${operation}: is not a cgroup v2 directory`);
    if (link !== -errno.EINVAL) throw access.refusal(operation, -link);
    // Links for cgroups came with Linux 5.7; what is attached without one stays until it is detached.
    const attachFlags = AttachFlag.BPF_F_ALLOW_MULTI;
    const result = sys.bpf(BpfCmd.BPF_PROG_ATTACH, Attr.of(ProgAttach, { ...values, attachFlags }));
    if (result < 0) throw access.refusal(operation, -result);
    opened.defer(() => sys.bpf(BpfCmd.BPF_PROG_DETACH, Attr.of(ProgAttach, values)));
    return Link.of("prog-attach", opened);
  },
};
