/**
 * The real edge: the only file that knows koffi, addresses and errno. Everything goes through libc's
 * `syscall` and `mmap`; koffi is loaded at the first use, so that `--help` works without it.
 */
import { readFileSync } from "node:fs";
import type koffiModule from "koffi";
import { hasCode, NotSupportedError, PermissionError, SyscallError } from "../core/errors";
import { Attr } from "./attr";
import { OwnedMapping } from "./owned-mapping";
import type { Syscalls, Watch } from "./syscalls";

/** System call numbers per `process.arch`, from asm/unistd.h. */
const NUMBERS: Readonly<Record<string, { bpf: number; perfEventOpen: number; prlimit64: number }>> = {
  x64: { bpf: 321, perfEventOpen: 298, prlimit64: 302 },
  arm64: { bpf: 280, perfEventOpen: 241, prlimit64: 261 },
};
/** Since Linux 5.1 new system calls have one number everywhere. */
const PIDFD_OPEN = 434;

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
/** MAP_PRIVATE, MAP_FIXED, MAP_ANONYMOUS, MAP_NORESERVE */
const MAP_OVER = 0x02 | 0x10 | 0x20 | 0x4000;
/** (void *)-1, as koffi hands it over. */
const MAP_FAILED = 2n ** 64n - 1n;
const SC_PAGESIZE = 30;
const RLIMIT_MEMLOCK = 8;
/** Close-on-exec, so that a started COMMAND inherits none of our descriptors. */
const PERF_FLAG_FD_CLOEXEC = 8;
const O_RDONLY_CLOEXEC = 0o2000000;
const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;

/** Opens the edge. Throws a NotSupportedError where bpfkit cannot work at all. */
export function openLinux(): Syscalls {
  const numbers = NUMBERS[process.arch];
  if (process.platform !== "linux" || numbers === undefined)
    throw new NotSupportedError(`${process.platform} on ${process.arch}: not supported`, {
      hint: "bpfkit traces Linux on x86-64 and arm64; --dump, --help and reading files work anywhere",
    });
  const koffi = require("koffi") as typeof koffiModule;
  const libc = koffi.load(null);
  // syscall(2) is variadic in C; with integer arguments both calling conventions pass a fixed
  // prototype alike, and koffi calls it twice as fast.
  const syscall3 = libc.func("syscall", "long", ["long", "long", "void *", "long"]);
  const syscall5 = libc.func("syscall", "long", ["long", "void *", "long", "long", "long", "long"]);
  const prlimit = libc.func("syscall", "long", ["long", "long", "long", "void *", "void *"]);
  const pidfdOpen = libc.func("syscall", "long", ["long", "long", "long"]);
  const ioctl = libc.func("ioctl", "int", ["int", "ulong", "long"]);
  const mmap = libc.func("mmap", "void *", ["void *", "size_t", "int", "int", "int", "long"]);
  const munmap = libc.func("munmap", "int", ["void *", "size_t"]);
  const open = libc.func("open", "int", ["str", "int", "int"]);
  const close = libc.func("close", "int", ["int"]);
  const sysconf = libc.func("sysconf", "long", ["int"]);
  const epollCreate = libc.func("epoll_create1", "int", ["int"]);
  const epollCtl = libc.func("epoll_ctl", "int", ["int", "int", "int", "void *"]);

  // errno belongs to the next expression: anything in between may change it.
  const result = (value: number): number => (value === -1 ? -koffi.errno() : value);

  const putAddresses = (attr: Attr): void => {
    const view = new DataView(attr.bytes.buffer);
    for (const [at, pointee] of attr.pointers) {
      if (pointee instanceof Attr) putAddresses(pointee);
      const target = pointee instanceof Attr ? pointee.bytes : pointee;
      view.setBigUint64(at, BigInt(koffi.address(target)), true);
    }
  };
  /** Clearing the addresses after a call also keeps `attr`, and with it the buffers, alive until then. */
  const clearAddresses = (attr: Attr): void => {
    const view = new DataView(attr.bytes.buffer);
    for (const [at, pointee] of attr.pointers) {
      view.setBigUint64(at, 0n, true);
      if (pointee instanceof Attr) clearAddresses(pointee);
    }
  };

  // A view may outlive its owner, so the address range stays ours until the last view is collected.
  const collected = new FinalizationRegistry<{ address: bigint; length: number }>(({ address, length }) => {
    munmap(address, length);
  });

  return {
    pageSize: sysconf(SC_PAGESIZE),
    bpf(command, attr) {
      putAddresses(attr);
      const value = result(syscall3(numbers.bpf, command, attr.bytes, attr.bytes.length));
      clearAddresses(attr);
      return value;
    },
    perfEventOpen(attr, pid, cpu) {
      putAddresses(attr);
      const value = result(syscall5(numbers.perfEventOpen, attr.bytes, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC));
      clearAddresses(attr);
      return value;
    },
    ioctl: (fd, request, argument) => result(ioctl(fd, request, argument)),
    mmap(fd, length, access, offset) {
      const protection = access === "read" ? PROT_READ : PROT_READ | PROT_WRITE;
      const address = mmap(null, length, protection, MAP_SHARED, fd, offset) as bigint;
      if (address === MAP_FAILED) throw new SyscallError("mmap", koffi.errno());
      const buffer = koffi.view(address, length);
      collected.register(buffer, { address, length });
      // Untouched pages of our own take the place of the kernel's and cost no memory.
      return new OwnedMapping(buffer, () => {
        mmap(address, length, PROT_READ | PROT_WRITE, MAP_OVER, -1, 0);
      });
    },
    open: (path) => result(open(path, O_RDONLY_CLOEXEC, 0)),
    pidfdOpen: (pid) => result(pidfdOpen(PIDFD_OPEN, pid, 0)),
    close: (fd) => result(close(fd)),
    watch(fd) {
      // libuv aborts the process over a descriptor it cannot poll; epoll_ctl only fails.
      const epoll = result(epollCreate(EPOLL_CLOEXEC));
      if (epoll < 0) throw new SyscallError("epoll_create1", -epoll);
      const interest = new Uint8Array(16);
      interest[0] = EPOLLIN;
      const added = result(epollCtl(epoll, EPOLL_CTL_ADD, fd, interest));
      if (added < 0) {
        close(epoll);
        throw new SyscallError("epoll_ctl", -added);
      }
      return new PolledWatch(koffi.node, epoll, () => close(epoll));
    },
    readText,
    setMemoryLock(limit) {
      const value = new BigUint64Array([BigInt.asUintN(64, limit.soft), BigInt.asUintN(64, limit.hard)]);
      return result(prlimit(numbers.prlimit64, 0, RLIMIT_MEMLOCK, value, null));
    },
  };
}

/**
 * The demangler of the C++ runtime, which koffi's native part is linked with: `__cxa_demangle` of the Itanium C++ ABI.
 * It gives undefined for what is no mangled name, and for everything where there is no such runtime.
 */
export function openCxxDemangler(): (mangled: string) => string | undefined {
  const koffi = require("koffi") as typeof koffiModule;
  try {
    const freedString = koffi.disposable("str");
    const demangle = koffi
      .load(null)
      .func("__cxa_demangle", freedString, ["str", "void *", "void *", "void *"]);
    return (mangled) => (demangle(mangled, null, null, null) as string | null) ?? undefined;
  } catch {
    return () => undefined;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR") || hasCode(error, "ENODEV")) return undefined;
    if (hasCode(error, "EACCES") || hasCode(error, "EPERM"))
      throw new PermissionError(`read "${path}": permission denied`, {
        cause: error,
        hint: "run it as root",
      });
    throw error;
  }
}

class PolledWatch implements Watch {
  private handle: ReturnType<typeof koffiModule.node.poll> | undefined;
  private ready: (() => void) | undefined;
  private closed = false;

  constructor(
    private readonly node: typeof koffiModule.node,
    private readonly epoll: number,
    private readonly closeEpoll: () => void,
  ) {}

  once(ready: () => void): void {
    if (this.closed) throw new ReferenceError("watch is disposed");
    this.ready = ready;
    if (this.handle === undefined) this.handle = this.node.poll(this.epoll, { readable: true }, this.fire);
    else this.handle.start({ readable: true }, this.fire);
  }

  private readonly fire = (): void => {
    this.handle?.stop();
    const { ready } = this;
    this.ready = undefined;
    ready?.();
  };

  [Symbol.dispose](): void {
    if (this.closed) return;
    this.closed = true;
    this.ready = undefined;
    this.handle?.close();
    this.closeEpoll();
  }
}
