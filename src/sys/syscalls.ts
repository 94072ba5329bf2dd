import type { Attr } from "./attr";

/** Memory shared with the kernel. The views are gone once it is disposed: touching them would be a SIGSEGV. */
export interface Mapping extends Disposable {
  readonly length: number;
  /** The mapped bytes. Throws after disposal; do not keep the result beyond the owner's life. */
  readonly buffer: ArrayBuffer;
}

/** Fields of `struct rlimit` for RLIMIT_MEMLOCK, in bytes; −1n is no limit. */
export interface MemoryLock {
  readonly soft: bigint;
  readonly hard: bigint;
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
  perfEventOpen(attr: Uint8Array, pid: number, cpu: number): number;
  ioctl(fd: number, request: number, argument: number): number;
  /** Maps `length` bytes of `fd` from `offset`. Throws a SyscallError. */
  mmap(fd: number, length: number, access: "read" | "read-write", offset: number): Mapping;
  close(fd: number): number;
  /** Sets both limits of locked memory: prlimit64(2). */
  setMemoryLock(limit: MemoryLock): number;
}
