/**
 * The path of an open file as a program can find it: names from the file up to the root of its mount namespace, each
 * closed by a NUL. bpf_d_path may be called at a few places only. Pure.
 */
import { add, and, mov, sub } from "../asm/alu";
import { helper } from "../asm/helper-ids";
import { type Block, type Label, label } from "../asm/instruction";
import { call, jump } from "../asm/jump";
import { stackAddress } from "../asm/macros/map";
import { load, store } from "../asm/memory";
import { fp, type Register, r0, r1, r2, r3 } from "../asm/register";
import type { Btf } from "../bpf/btf/btf";

/** Bytes kept of a path. Longer ones lose their beginning, and say so. */
export const PATH_SIZE = 256;
/** A name has at most NAME_MAX bytes (include/uapi/linux/limits.h), and a NUL. */
const NAME_SIZE = 256;
/** Bytes of memory that `writePath` writes to. */
export const PATH_ROOM = PATH_SIZE + NAME_SIZE;
/** Names and mount points on the way up. */
const STEPS = 24;

const POINTER = 8;

/** `*(fp + at) = *(address in r3)`, eight bytes. Goes to `fault` if that cannot be read. */
function follow(at: number, fault: Label): Block {
  return [[stackAddress(r1, at), mov(r2, POINTER), call(helper.probeReadKernel)], jump.ne(r0, 0, fault)];
}

/** What leads to a path. A dentry alone knows nothing of mounts: its path begins at the root of its file system. */
export type PathHolder = "file" | "path" | "dentry";

export interface PathPlace {
  /** What the pointer at `fp + pointer` leads to. */
  readonly holder: PathHolder;
  readonly pointer: number;
  /** The address of PATH_ROOM bytes, in a register that calls keep. */
  readonly room: Register;
  /** Another such register: afterwards the bytes written, or −EFAULT where there is no path. */
  readonly position: Register;
  /** End of the stack to use, four pointers. */
  readonly stack: number;
}

const EFAULT = 14;

/** Writes the path that a pointer leads to, names from the last to the first. Loses r0–r5. */
export function writePath(btf: Btf, { holder, pointer, room, position, stack }: PathPlace): Block {
  const offset = (type: string, member: string) => btf.requireMember(type, member).offset;
  const places = [1, 2, 3, 4].map((words) => stack - words * POINTER);
  const [dentry, mount, root, name] = places as [number, number, number, number];
  const mnt = offset("mount", "mnt");
  const done = label("path_done");
  const known = label("path_known");
  /** Where the mount ends, its mount point goes on, unless it is mounted nowhere. */
  const passMount = (next: Label): Block => {
    const inside = label("inside_mount");
    const parent = name;
    return [
      [load(8, r3, fp, mount), add(r3, mnt + offset("vfsmount", "mnt_root")), follow(root, done)],
      [load(8, r1, fp, root), load(8, r2, fp, dentry), jump.ne(r1, r2, inside)],
      [load(8, r3, fp, mount), add(r3, offset("mount", "mnt_parent")), follow(parent, done)],
      [load(8, r1, fp, parent), load(8, r2, fp, mount), jump.eq(r1, r2, done)],
      [load(8, r3, fp, mount), add(r3, offset("mount", "mnt_mountpoint")), follow(dentry, done)],
      [load(8, r1, fp, parent), store(8, fp, mount, r1), jump.always(next)],
      inside,
    ];
  };
  const toParent: Block = [
    [load(8, r3, fp, dentry), add(r3, offset("dentry", "d_parent")), follow(root, done)],
    // Files without a directory, such as memfds, are their own parents; so is the root of a file system.
    [load(8, r1, fp, root), load(8, r2, fp, dentry), jump.eq(r1, r2, done)],
  ];
  const steps = Array.from({ length: STEPS }, (): Block => {
    const next = label("path_next");
    return [
      holder === "dentry" ? toParent : passMount(next),
      [load(8, r3, fp, dentry), add(r3, offset("dentry", "d_name") + offset("qstr", "name"))],
      follow(name, done),
      [mov(r1, room), jump.gt(position, PATH_SIZE - 1, done), add(r1, position)],
      [mov(r2, NAME_SIZE), load(8, r3, fp, name), call(helper.probeReadKernelStr)],
      [jump.sle(r0, 1, done), add(position, r0)],
      holder === "dentry" ? [] : toParent,
      [load(8, r1, fp, root), store(8, fp, dentry, r1)],
      next,
    ];
  });
  const inFile = holder === "file" ? offset("file", "f_path") : 0;
  const start: Block =
    holder === "dentry"
      ? [load(8, r1, fp, pointer), store(8, fp, dentry, r1)]
      : [
          [load(8, r3, fp, pointer), add(r3, inFile + offset("path", "mnt")), follow(mount, done)],
          [load(8, r3, fp, pointer), add(r3, inFile + offset("path", "dentry")), follow(dentry, done)],
          [load(8, r1, fp, mount), sub(r1, mnt), store(8, fp, mount, r1)],
        ];
  return [
    [mov(position, 0), store(8, fp, dentry, 0), store(8, fp, root, -1)],
    [start, steps, done],
    // No name at all is a path only of the root.
    [jump.ne(position, 0, known), load(8, r1, fp, root), load(8, r2, fp, dentry), jump.eq(r1, r2, known)],
    [mov(position, -EFAULT), known],
  ];
}

/** What `writeInode` leaves in the position: more than any path has. */
const OF_INODE = 0x10000;
/** Behind the inode's number. */
const MODE_AT = 8;
/** Types of files in their modes; include/uapi/linux/stat.h. */
const FileType = { mask: 0o170000, socket: 0o140000, pipe: 0o010000 } as const;

/**
 * After `writePath`: of a socket or a pipe, which has no name that leads anywhere, writes the inode instead. A path that
 * ends at one belongs to nothing else: that of a named one ends at a directory. Loses r0–r5.
 */
export function writeInode(
  btf: Btf,
  { room, position, stack }: Omit<PathPlace, "holder" | "pointer">,
): Block {
  const offset = (type: string, member: string) => btf.requireMember(type, member).offset;
  const [dentry, inode, mode] = [1, 2, 3].map((words) => stack - words * POINTER) as [number, number, number];
  const done = label("inode_done");
  const nameless = label("nameless");
  return [
    [load(8, r3, fp, dentry), add(r3, offset("dentry", "d_inode")), follow(inode, done)],
    [load(8, r3, fp, inode), add(r3, offset("inode", "i_mode")), follow(mode, done)],
    [load(2, r1, fp, mode), and(r1, FileType.mask)],
    [jump.eq(r1, FileType.socket, nameless), jump.ne(r1, FileType.pipe, done)],
    [nameless, store(8, room, MODE_AT, r1)],
    [mov(r1, room), mov(r2, POINTER), load(8, r3, fp, inode), add(r3, offset("inode", "i_ino"))],
    [call(helper.probeReadKernel), mov(position, OF_INODE), done],
  ];
}

/**
 * What `writePath` and `writeInode` have written: a path, or `socket:[4711]` and `pipe:[4711]` as /proc/PID/fd has them.
 */
export function readFile(written: DataView, position: number): string {
  if (position !== OF_INODE) {
    const { buffer, byteOffset } = written;
    // Nothing but the root has no names.
    return readPath(new Uint8Array(buffer, byteOffset, Math.min(position, PATH_SIZE))) || "/";
  }
  const kind = written.getUint32(MODE_AT, true) === FileType.socket ? "socket" : "pipe";
  return `${kind}:[${written.getBigUint64(0, true)}]`;
}

/** The path from bytes that `writePath` wrote; a beginning that was cut off is shown as `…`. */
export function readPath(written: Uint8Array): string {
  const names = Buffer.from(written).toString("utf8").split("\0");
  const isCut = written.at(-1) !== 0;
  const last = names.pop();
  while (!isCut && names.at(-1) === "") names.pop();
  if (names.length === 0) return "";
  return `${isCut ? `…${last}` : ""}/${names.reverse().join("/")}`;
}
