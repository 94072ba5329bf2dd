/**
 * The real edge: the only file that knows koffi, addresses and errno. Everything goes through libc's
 * `syscall` and `mmap`; koffi is loaded at the first use, so that `--help` works without it.
 */
import type koffiModule from "koffi";
import { NotSupportedError, SyscallError } from "../core/errors";
import type { Attr } from "./attr";
import type { Mapping, MemoryLock, Syscalls } from "./syscalls";

/** System call numbers per `process.arch`, from asm/unistd.h. */
const NUMBERS: Readonly<Record<string, { bpf: number; perfEventOpen: number; prlimit64: number }>> = {
  x64: { bpf: 321, perfEventOpen: 298, prlimit64: 302 },
  arm64: { bpf: 280, perfEventOpen: 241, prlimit64: 261 },
};

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
/** (void *)-1, as koffi hands it over. */
const MAP_FAILED = 2n ** 64n - 1n;
const SC_PAGESIZE = 30;
const RLIMIT_MEMLOCK = 8;
/** Close-on-exec, so that a started COMMAND inherits none of our descriptors. */
const PERF_FLAG_FD_CLOEXEC = 8;

class LinuxMapping implements Mapping {
  private memory: ArrayBuffer | undefined;
  constructor(
    buffer: ArrayBuffer,
    private readonly unmap: () => void,
  ) {
    this.memory = buffer;
  }
  get buffer(): ArrayBuffer {
    if (this.memory === undefined) throw new ReferenceError("mapping is disposed");
    return this.memory;
  }
  get length(): number {
    return this.buffer.byteLength;
  }
  [Symbol.dispose](): void {
    if (this.memory === undefined) return;
    this.memory = undefined;
    this.unmap();
  }
}

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
  const ioctl = libc.func("ioctl", "int", ["int", "ulong", "long"]);
  const mmap = libc.func("mmap", "void *", ["void *", "size_t", "int", "int", "int", "long"]);
  const munmap = libc.func("munmap", "int", ["void *", "size_t"]);
  const close = libc.func("close", "int", ["int"]);
  const sysconf = libc.func("sysconf", "long", ["int"]);

  // errno belongs to the next expression: anything in between may change it.
  const result = (value: number): number => (value === -1 ? -koffi.errno() : value);

  return {
    pageSize: sysconf(SC_PAGESIZE),
    bpf(command: number, attr: Attr): number {
      const view = new DataView(attr.bytes.buffer, attr.bytes.byteOffset, attr.bytes.byteLength);
      for (const [at, buffer] of attr.pointers) view.setBigUint64(at, BigInt(koffi.address(buffer)), true);
      const value = result(syscall3(numbers.bpf, command, attr.bytes, attr.bytes.length));
      // Clearing the addresses also keeps `attr`, and with it the buffers, alive until here.
      for (const at of attr.pointers.keys()) view.setBigUint64(at, 0n, true);
      return value;
    },
    perfEventOpen: (attr, pid, cpu) =>
      result(syscall5(numbers.perfEventOpen, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC)),
    ioctl: (fd, request, argument) => result(ioctl(fd, request, argument)),
    mmap(fd, length, access, offset) {
      const protection = access === "read" ? PROT_READ : PROT_READ | PROT_WRITE;
      const address = mmap(null, length, protection, MAP_SHARED, fd, offset) as bigint;
      if (address === MAP_FAILED) throw new SyscallError("mmap", koffi.errno());
      return new LinuxMapping(koffi.view(address, length), () => munmap(address, length));
    },
    close: (fd) => result(close(fd)),
    setMemoryLock(limit: MemoryLock): number {
      const value = new BigUint64Array([BigInt.asUintN(64, limit.soft), BigInt.asUintN(64, limit.hard)]);
      return result(prlimit(numbers.prlimit64, 0, RLIMIT_MEMLOCK, value, null));
    },
  };
}
