import { errno } from "../core/errno";
import { PermissionError, SyscallError } from "../core/errors";
import type { Syscalls } from "../sys/syscalls";
import type { KernelFacts } from "./facts";

/** What creating, loading and attaching have in common: the edge, the facts, and what a refusal means. */
export class Access {
  private memoryLockRaised = false;

  constructor(
    readonly sys: Syscalls,
    readonly facts: KernelFacts,
  ) {}

  /**
   * Before Linux 5.11 maps and programs count against RLIMIT_MEMLOCK and fail with EPERM. The limit is
   * raised only then: later kernels ignore it, and raising it may itself be forbidden.
   */
  withMemoryLock(operation: () => number): number {
    const result = operation();
    if (result !== -errno.EPERM || this.memoryLockRaised || this.facts.isAtLeast(5, 11)) return result;
    if (this.sys.setMemoryLock({ soft: -1n, hard: -1n }) < 0) return result;
    this.memoryLockRaised = true;
    return operation();
  }

  /** A failed operation: missing rights, or what the kernel said. */
  refusal(operation: string, code: number, hint?: string): Error {
    const cause = new SyscallError(operation, code, { hint });
    if (code !== errno.EPERM && code !== errno.EACCES) return cause;
    return new PermissionError(`${operation}: ${cause.code}`, { cause, hint: this.facts.permissionHint() });
  }
}
