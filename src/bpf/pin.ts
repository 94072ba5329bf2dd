import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { BpfCmd } from "../core/bpf-uapi";
import { errno } from "../core/errno";
import { NotSupportedError, SyscallError, UsageError } from "../core/errors";
import { Attr } from "../sys/attr";
import type { Syscalls } from "../sys/syscalls";
import { ObjPin } from "./attr-layouts";

/** BPF_FS_MAGIC, include/uapi/linux/magic.h */
const BPF_FS_MAGIC = 0xcafe4a11;

const MOUNT = "mount one: sudo mount -t bpf bpf /sys/fs/bpf";

function cString(text: string): Uint8Array {
  if (text.includes("\0")) throw new UsageError(`path: ${JSON.stringify(text)} contains a NUL`);
  return Buffer.from(`${text}\0`);
}

/** Puts a map, program or link under a path, where it stays when its owner is gone. Since Linux 4.4. */
export function pinObject(sys: Syscalls, what: string, fd: number, path: string): void {
  const result = sys.bpf(BpfCmd.BPF_OBJ_PIN, Attr.of(ObjPin, { pathname: cString(path), bpfFd: fd }));
  if (result < 0) throw explain(`pin ${what} at "${path}"`, path, -result);
}

/** Opens what is pinned at a path and returns its descriptor. */
export function openPinned(sys: Syscalls, what: string, path: string): number {
  const fd = sys.bpf(BpfCmd.BPF_OBJ_GET, Attr.of(ObjPin, { pathname: cString(path) }));
  if (fd < 0) throw explain(`open ${what} pinned at "${path}"`, path, -fd);
  return fd;
}

function explain(operation: string, path: string, code: number): Error {
  const cause = new SyscallError(operation, code);
  const folder = dirname(path);
  const type = fileSystemOf(folder);
  if (type === undefined) return new UsageError(`${operation}: there is no folder "${folder}"`, { cause });
  if (type !== BPF_FS_MAGIC)
    return new NotSupportedError(`${operation}: "${folder}" is not in a mounted bpffs`, {
      cause,
      hint: MOUNT,
    });
  if (code === errno.EEXIST) return new UsageError(`${operation}: something is there already`, { cause });
  if (code === errno.ENOENT) return new UsageError(`${operation}: nothing is there`, { cause });
  return cause;
}

function fileSystemOf(folder: string): number | undefined {
  try {
    return statfsSync(folder).type;
  } catch {
    return undefined;
  }
}
