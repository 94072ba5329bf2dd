import { readFileSync, statSync } from "node:fs";
import { release } from "node:os";
import { possibleCpus } from "../sys/cpus";
import type { Btf } from "./btf/btf";
import { vmlinuxBtf } from "./btf/vmlinux";
import { missingCapabilities, permissionHint } from "./capabilities";

/** The inode of the first PID namespace: PROC_PID_INIT_INO, include/linux/proc_ns.h. */
const INITIAL_PID_NAMESPACE = 0xeffffffcn;

/** A PID namespace as bpf_get_ns_current_pid_tgid names it: the kernel's device number of nsfs, and the inode. */
export interface PidNamespace {
  readonly device: bigint;
  readonly inode: bigint;
}

/** What a spec may know of the machine it will run on, and an error message of the rights we have. */
export interface KernelFacts {
  /** `process.arch`: "x64" or "arm64". */
  readonly arch: string;
  /** `uname -r` */
  readonly release: string;
  /** One more than the highest CPU number there may ever be. */
  readonly possibleCpus: number;
  /** True when the running kernel is this version or a later one. Only where no probe can tell. */
  isAtLeast(major: number, minor: number): boolean;
  /** The kernel's own types, or undefined on a kernel without BTF. */
  btf(): Btf | undefined;
  /** Our PID namespace, unless it is the machine's first one, where kernel ids are what /proc shows. */
  readonly pidNamespace: PidNamespace | undefined;
  /** What to do about an EPERM. */
  permissionHint(): string;
}

/** The facts of the running machine. */
export function readFacts(): KernelFacts {
  const kernel = release();
  const [major = 0, minor = 0] = kernel.split(".").map((part) => Number.parseInt(part, 10));
  return {
    arch: process.arch,
    release: kernel,
    possibleCpus: Math.max(...possibleCpus()) + 1,
    isAtLeast: (wantMajor, wantMinor) => major > wantMajor || (major === wantMajor && minor >= wantMinor),
    btf: vmlinuxBtf,
    pidNamespace: pidNamespace(),
    permissionHint: () => permissionHint(missingCapabilities(readFileSync("/proc/self/status", "utf8"))),
  };
}

function pidNamespace(): PidNamespace | undefined {
  const { dev, ino } = statSync("/proc/self/ns/pid", { bigint: true });
  return ino === INITIAL_PID_NAMESPACE ? undefined : { device: kernelDevice(dev), inode: ino };
}

/** stat(2) splits the minor number around the major one; the kernel keeps it whole below it (MKDEV, 20 bits). */
function kernelDevice(device: bigint): bigint {
  const major = (device >> 8n) & 0xfffn;
  const minor = (device & 0xffn) | ((device >> 12n) & 0xfff00n);
  return (major << 20n) | minor;
}
