/**
 * What the kernel has gained since the headers the tables are made from. Kept by hand; an entry that a
 * newer header gives another value stops the generator, one it gives the same value can go.
 */

/**
 * System calls with one number on every architecture bpfkit knows, up to Linux 7.0.
 * Source: https://github.com/torvalds/linux/blob/master/scripts/syscall.tbl
 */
export const newerSyscalls: Readonly<Record<string, number>> = {
  cachestat: 451,
  fchmodat2: 452,
  map_shadow_stack: 453,
  futex_wake: 454,
  futex_wait: 455,
  futex_requeue: 456,
  statmount: 457,
  listmount: 458,
  lsm_get_self_attr: 459,
  lsm_set_self_attr: 460,
  lsm_list_modules: 461,
  mseal: 462,
  setxattrat: 463,
  getxattrat: 464,
  listxattrat: 465,
  removexattrat: 466,
  open_tree_attr: 467,
  file_getattr: 468,
  file_setattr: 469,
  listns: 470,
  rseq_slice_yield: 471,
};

/**
 * System calls only x86-64 has gained.
 * Source: https://github.com/torvalds/linux/blob/master/arch/x86/entry/syscalls/syscall_64.tbl
 */
export const newerSyscallsX86: Readonly<Record<string, number>> = { uretprobe: 335, uprobe: 336 };

/**
 * Members of the enumerations of `linux/bpf.h`, by the table they go to, up to Linux 6.18.
 * Source: https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/bpf.h
 */
export const newerBpf: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  BpfCmd: { BPF_TOKEN_CREATE: 36, BPF_PROG_STREAM_READ_BY_FD: 37 },
  MapType: { BPF_MAP_TYPE_CGRP_STORAGE: 32, BPF_MAP_TYPE_ARENA: 33 },
  ProgType: { BPF_PROG_TYPE_NETFILTER: 32 },
  AttachType: {
    BPF_STRUCT_OPS: 44,
    BPF_NETFILTER: 45,
    BPF_TCX_INGRESS: 46,
    BPF_TCX_EGRESS: 47,
    BPF_TRACE_UPROBE_MULTI: 48,
    BPF_CGROUP_UNIX_CONNECT: 49,
    BPF_CGROUP_UNIX_SENDMSG: 50,
    BPF_CGROUP_UNIX_RECVMSG: 51,
    BPF_CGROUP_UNIX_GETPEERNAME: 52,
    BPF_CGROUP_UNIX_GETSOCKNAME: 53,
    BPF_NETKIT_PRIMARY: 54,
    BPF_NETKIT_PEER: 55,
    BPF_TRACE_KPROBE_SESSION: 56,
    BPF_TRACE_UPROBE_SESSION: 57,
  },
  LinkType: {
    BPF_LINK_TYPE_NETFILTER: 10,
    BPF_LINK_TYPE_TCX: 11,
    BPF_LINK_TYPE_UPROBE_MULTI: 12,
    BPF_LINK_TYPE_NETKIT: 13,
    BPF_LINK_TYPE_SOCKMAP: 14,
  },
  MapFlag: {
    BPF_F_LINK: 1 << 13,
    BPF_F_PATH_FD: 1 << 14,
    BPF_F_VTYPE_BTF_OBJ_FD: 1 << 15,
    BPF_F_TOKEN_FD: 1 << 16,
    BPF_F_SEGV_ON_FAULT: 1 << 17,
    BPF_F_NO_USER_CONV: 1 << 18,
  },
  MultiProbeFlag: { BPF_F_UPROBE_MULTI_RETURN: 1 },
};

/** Helpers, by their names without `bpf_`; from the same file. */
export const newerHelpers: Readonly<Record<string, number>> = {
  cgrp_storage_get: 210,
  cgrp_storage_delete: 211,
};
