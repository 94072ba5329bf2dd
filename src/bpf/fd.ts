import { SyscallError } from "../core/errors";
import type { Syscalls } from "../sys/syscalls";

/** A file descriptor with one owner: closed once, an error when used afterwards. */
export class Fd implements Disposable {
  private open = true;

  constructor(
    private readonly sys: Syscalls,
    private readonly fd: number,
    /** What it stands for, in messages: `map "counts"`. */
    private readonly what = "fd",
  ) {}

  /** The number. Throws a ReferenceError once closed: the kernel may have given it to somebody else. */
  get number(): number {
    if (!this.open) throw new ReferenceError(`${this.what} is closed`);
    return this.fd;
  }

  get closed(): boolean {
    return !this.open;
  }

  [Symbol.dispose](): void {
    if (!this.open) return;
    this.open = false;
    const result = this.sys.close(this.fd);
    if (result < 0) throw new SyscallError(`close ${this.what}`, -result);
  }
}
