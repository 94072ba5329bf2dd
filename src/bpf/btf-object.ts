/** BTF inside the kernel: loading our own, and finding a module's. */
import { BpfCmd } from "../core/bpf-uapi";
import { cstring, decoded } from "../core/codec";
import { errno } from "../core/errno";
import { NotSupportedError, SyscallError } from "../core/errors";
import { Attr } from "../sys/attr";
import type { Syscalls } from "../sys/syscalls";
import type { Access } from "./access";
import { BtfInfo, BtfLoad, ObjId, ObjInfo } from "./attr-layouts";
import { Fd } from "./fd";
import { logLines } from "./verifier-log";

const LOG_SIZE = 64 * 1024;

/** Gives the kernel a BTF blob. Since Linux 4.18. Throws a SyscallError that ends with the kernel's reason. */
export function loadBtf(access: Access, blob: Uint8Array): Fd {
  const { sys } = access;
  const load = (log?: Uint8Array): number =>
    sys.bpf(
      BpfCmd.BPF_BTF_LOAD,
      Attr.of(BtfLoad, {
        btf: blob,
        btfSize: blob.length,
        ...(log === undefined ? {} : { btfLogBuf: log, btfLogSize: log.length, btfLogLevel: 1 }),
      }),
    );
  const fd = access.withMemoryLock(load);
  if (fd >= 0) return new Fd(sys, fd, "BTF");
  const log = new Uint8Array(LOG_SIZE);
  load(log);
  const reason = logLines(log).at(-1);
  throw access.refusal(reason === undefined ? "load BTF" : `load BTF: ${reason}`, -fd);
}

function btfName(sys: Syscalls, fd: Fd): string {
  const name = new Uint8Array(64);
  const info = Attr.of(BtfInfo, { name, nameLen: name.length });
  const attr = Attr.of(ObjInfo, { bpfFd: fd.number, infoLen: info.bytes.length, info });
  return sys.bpf(BpfCmd.BPF_OBJ_GET_INFO_BY_FD, attr) < 0 ? "" : decoded(cstring(name.length), name);
}

/** The descriptor of a loaded module's BTF. Since Linux 5.11. */
export function openModuleBtf({ sys }: Access, module: string): Fd {
  let id = 0;
  for (;;) {
    const next = Attr.of(ObjId, { id });
    const result = sys.bpf(BpfCmd.BPF_BTF_GET_NEXT_ID, next);
    if (result === -errno.ENOENT) break;
    if (result < 0) throw new SyscallError(`find the BTF of module "${module}"`, -result);
    id = next.read(ObjId, "nextId");
    const number = sys.bpf(BpfCmd.BPF_BTF_GET_FD_BY_ID, Attr.of(ObjId, { id }));
    if (number < 0) continue; // gone since
    const fd = new Fd(sys, number, "BTF");
    if (btfName(sys, fd) === module.replaceAll("-", "_")) return fd;
    fd[Symbol.dispose]();
  }
  throw new NotSupportedError(`module "${module}": the kernel has no BTF of it`);
}
