import type { Attr } from "./attr";

/**
 * Memory shared with the kernel. After disposal the owner's `buffer` throws; a view of it that somebody kept
 * shows zeros from then on, and what is written to it reaches nobody.
 */
export interface Mapping extends Disposable {
  readonly length: number;
  /** The mapped bytes. Throws a ReferenceError after disposal. */
  readonly buffer: ArrayBuffer;
}

/** Fields of `struct rlimit` for RLIMIT_MEMLOCK, in bytes; −1n is no limit. */
export interface MemoryLock {
  readonly soft: bigint;
  readonly hard: bigint;
}

/** A descriptor under watch by the event loop. */
export interface Watch extends Disposable {
  /** Calls `ready` once, as soon as the descriptor is readable: now, if it is already. Replaces an earlier one. */
  once(ready: () => void): void;
}

/**
 * The edge to the kernel: what bpfkit needs of it, bytes in, bytes out. Calls that return a number give
 * the kernel's result, −errno on failure. `src/sys/linux.ts` is the real one; tests bring their own.
 */
export interface Syscalls {
  /** Bytes of a page of memory. */
  readonly pageSize: number;
  /** bpf(2) */
  bpf(command: number, attr: Attr): number;
  /** perf_event_open(2): `pid` −1 is every process, `cpu` −1 every processor. */
  perfEventOpen(attr: Attr, pid: number, cpu: number): number;
  ioctl(fd: number, request: number, argument: number): number;
  /** Maps `length` bytes of `fd` from `offset`. Throws a SyscallError. */
  mmap(fd: number, length: number, access: "read" | "read-write", offset: number): Mapping;
  /** Opens a file or directory for reading, to name it to the kernel: a cgroup, for example. */
  open(path: string): number;
  /** pidfd_open(2): a descriptor that stands for a process. Since Linux 5.3. */
  pidfdOpen(pid: number): number;
  close(fd: number): number;
  /** Watches a descriptor. Throws a SyscallError. */
  watch(fd: number): Watch;
  /** The text of a file of /proc or /sys, undefined when there is none. */
  readText(path: string): string | undefined;
  /** Sets both limits of locked memory: prlimit64(2). */
  setMemoryLock(limit: MemoryLock): number;
}
