/**
 * Names of the flags that system calls take, from Linux's UAPI headers (include/uapi, each named below). A test compiles
 * a program that holds them against the headers of the machine. Pure.
 */
import type { Abi } from "../../symbols/syscalls";
import { bits, type Flag, field } from "./flag-set";

/** asm-generic/fcntl.h; of these arm64 has its own, arch/arm64/include/uapi/asm/fcntl.h. */
const openPlaces = (abi: Abi) =>
  abi === "arm64"
    ? { O_DIRECT: 0o200000, O_LARGEFILE: 0o400000, O_DIRECTORY: 0o40000, O_NOFOLLOW: 0o100000 }
    : { O_DIRECT: 0o40000, O_LARGEFILE: 0o100000, O_DIRECTORY: 0o200000, O_NOFOLLOW: 0o400000 };

function open(abi: Abi): Flag[] {
  const { O_DIRECTORY, ...places } = openPlaces(abi);
  const common = { O_CREAT: 0o100, O_EXCL: 0o200, O_NOCTTY: 0o400, O_TRUNC: 0o1000, O_APPEND: 0o2000 };
  return [
    ...field(0o3, { O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2 }),
    ...bits({ ...common, O_NONBLOCK: 0o4000 }),
    ...bits({ O_SYNC: 0o4010000, O_DSYNC: 0o10000, FASYNC: 0o20000 }),
    ...bits({ O_TMPFILE: 0o20000000 | O_DIRECTORY, O_DIRECTORY }),
    ...bits({ ...places, O_NOATIME: 0o1000000, O_CLOEXEC: 0o2000000, O_PATH: 0o10000000 }),
  ];
}

/** linux/fcntl.h */
const at = { AT_SYMLINK_NOFOLLOW: 0x100, AT_NO_AUTOMOUNT: 0x800, AT_EMPTY_PATH: 0x1000 };

/** linux/sched.h; the signal that tells of the end is in the lowest byte. */
const clone: Flag[] = [
  ...bits({
    CLONE_VM: 0x100,
    CLONE_FS: 0x200,
    CLONE_FILES: 0x400,
    CLONE_SIGHAND: 0x800,
    CLONE_PIDFD: 0x1000,
  }),
  ...bits({ CLONE_PTRACE: 0x2000, CLONE_VFORK: 0x4000, CLONE_PARENT: 0x8000, CLONE_THREAD: 0x10000 }),
  ...bits({ CLONE_NEWNS: 0x20000, CLONE_SYSVSEM: 0x40000, CLONE_SETTLS: 0x80000 }),
  ...bits({ CLONE_PARENT_SETTID: 0x100000, CLONE_CHILD_CLEARTID: 0x200000, CLONE_DETACHED: 0x400000 }),
  ...bits({ CLONE_UNTRACED: 0x800000, CLONE_CHILD_SETTID: 0x1000000, CLONE_NEWCGROUP: 0x2000000 }),
  ...bits({ CLONE_NEWUTS: 0x4000000, CLONE_NEWIPC: 0x8000000, CLONE_NEWUSER: 0x10000000 }),
  ...bits({ CLONE_NEWPID: 0x20000000, CLONE_NEWNET: 0x40000000, CLONE_IO: 0x80000000 }),
  ...field(0xff, { SIGCHLD: 17 }),
];

/** asm-generic/mman-common.h, asm-generic/mman.h, linux/mman.h */
const prot = { PROT_READ: 1, PROT_WRITE: 2, PROT_EXEC: 4, PROT_SEM: 8 };
const protBounds = { PROT_GROWSDOWN: 0x1000000, PROT_GROWSUP: 0x2000000 };
const map: Flag[] = [
  ...field(0xf, { MAP_SHARED: 1, MAP_PRIVATE: 2, MAP_SHARED_VALIDATE: 3 }),
  ...bits({ MAP_FIXED: 0x10, MAP_ANONYMOUS: 0x20, MAP_GROWSDOWN: 0x100, MAP_DENYWRITE: 0x800 }),
  ...bits({ MAP_EXECUTABLE: 0x1000, MAP_LOCKED: 0x2000, MAP_NORESERVE: 0x4000, MAP_POPULATE: 0x8000 }),
  ...bits({ MAP_NONBLOCK: 0x10000, MAP_STACK: 0x20000, MAP_HUGETLB: 0x40000, MAP_SYNC: 0x80000 }),
  ...bits({ MAP_FIXED_NOREPLACE: 0x100000 }),
];
/** arch/x86/include/uapi/asm/mman.h */
const map32 = { MAP_32BIT: 0x40 };

/** linux/socket.h in include/, with the values of bits/socket.h */
const messages = {
  ...{ MSG_OOB: 1, MSG_PEEK: 2, MSG_DONTROUTE: 4, MSG_CTRUNC: 8, MSG_TRUNC: 0x20, MSG_DONTWAIT: 0x40 },
  ...{ MSG_EOR: 0x80, MSG_WAITALL: 0x100, MSG_CONFIRM: 0x800, MSG_ERRQUEUE: 0x2000, MSG_NOSIGNAL: 0x4000 },
  ...{ MSG_MORE: 0x8000, MSG_WAITFORONE: 0x10000, MSG_ZEROCOPY: 0x4000000, MSG_FASTOPEN: 0x20000000 },
  MSG_CMSG_CLOEXEC: 0x40000000,
};
/** linux/net.h in include/, with the values of bits/socket_type.h */
const socketBits = { SOCK_NONBLOCK: 0o4000, SOCK_CLOEXEC: 0o2000000 };
const socketTypes = { SOCK_STREAM: 1, SOCK_DGRAM: 2, SOCK_RAW: 3, SOCK_RDM: 4, SOCK_SEQPACKET: 5 };

/** Masks by the name of what they are of. */
export const flagTables = {
  open,
  /** asm-generic/fcntl.h */
  pipe: (abi: Abi) => bits({ O_NONBLOCK: 0o4000, O_CLOEXEC: 0o2000000, O_DIRECT: openPlaces(abi).O_DIRECT }),
  closeOnExec: () => bits({ O_CLOEXEC: 0o2000000 }),
  event: () => bits({ EFD_SEMAPHORE: 1, EFD_NONBLOCK: 0o4000, EFD_CLOEXEC: 0o2000000 }),
  stat: () => bits({ ...at, AT_STATX_FORCE_SYNC: 0x2000, AT_STATX_DONT_SYNC: 0x4000 }),
  access: () => bits({ ...at, AT_EACCESS: 0x200 }),
  unlink: () => bits({ AT_REMOVEDIR: 0x200 }),
  link: () => bits({ AT_SYMLINK_FOLLOW: 0x400, AT_EMPTY_PATH: at.AT_EMPTY_PATH }),
  /** linux/fs.h */
  rename: () => bits({ RENAME_NOREPLACE: 1, RENAME_EXCHANGE: 2, RENAME_WHITEOUT: 4 }),
  /** unistd.h of every C library */
  accessMode: () => [...field(0x7, { F_OK: 0 }), ...bits({ R_OK: 4, W_OK: 2, X_OK: 1 })],
  prot: () => [...field(0xf, { PROT_NONE: 0 }), ...bits({ ...prot, ...protBounds })],
  map: (abi: Abi) => (abi === "x86-64" ? [...map, ...bits(map32)] : map),
  mremap: () => bits({ MREMAP_MAYMOVE: 1, MREMAP_FIXED: 2, MREMAP_DONTUNMAP: 4 }),
  clone: () => clone,
  messages: () => bits(messages),
  socketType: () => [...field(0xf, socketTypes), ...bits(socketBits)],
  socketFlags: () => bits(socketBits),
  /** linux/memfd.h */
  memfd: () => bits({ MFD_CLOEXEC: 1, MFD_ALLOW_SEALING: 2, MFD_HUGETLB: 4 }),
  /** linux/random.h */
  random: () => bits({ GRND_NONBLOCK: 1, GRND_RANDOM: 2, GRND_INSECURE: 4 }),
  /** linux/wait.h */
  wait: () => bits({ WNOHANG: 1, WUNTRACED: 2, WEXITED: 4, WCONTINUED: 8, WNOWAIT: 0x1000000 }),
} as const satisfies Record<string, (abi: Abi) => Flag[]>;

/** Numbers that stand for one thing each. */
export const choiceTables = {
  /** linux/fs.h */
  whence: { SEEK_SET: 0, SEEK_CUR: 1, SEEK_END: 2, SEEK_DATA: 3, SEEK_HOLE: 4 },
  /** asm-generic/fcntl.h, linux/fcntl.h */
  fcntl: {
    ...{ F_DUPFD: 0, F_GETFD: 1, F_SETFD: 2, F_GETFL: 3, F_SETFL: 4, F_GETLK: 5, F_SETLK: 6, F_SETLKW: 7 },
    ...{ F_SETOWN: 8, F_GETOWN: 9, F_SETSIG: 10, F_GETSIG: 11, F_OFD_GETLK: 36, F_OFD_SETLK: 37 },
    ...{ F_OFD_SETLKW: 38, F_SETLEASE: 1024, F_GETLEASE: 1025, F_NOTIFY: 1026, F_DUPFD_CLOEXEC: 1030 },
    ...{ F_SETPIPE_SZ: 1031, F_GETPIPE_SZ: 1032, F_ADD_SEALS: 1033, F_GET_SEALS: 1034 },
  },
  /** linux/socket.h in include/, with the values of bits/socket.h */
  family: {
    ...{ AF_UNSPEC: 0, AF_UNIX: 1, AF_INET: 2, AF_INET6: 10, AF_NETLINK: 16, AF_PACKET: 17, AF_ALG: 38 },
    ...{ AF_VSOCK: 40, AF_XDP: 44 },
  },
  /** linux/net.h in include/, with the values of sys/socket.h */
  shutdown: { SHUT_RD: 0, SHUT_WR: 1, SHUT_RDWR: 2 },
  /** asm-generic/signal-defs.h */
  maskHow: { SIG_BLOCK: 0, SIG_UNBLOCK: 1, SIG_SETMASK: 2 },
  /** asm-generic/signal.h, the same on x86-64 */
  signal: {
    ...{ SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGILL: 4, SIGTRAP: 5, SIGABRT: 6, SIGBUS: 7, SIGFPE: 8 },
    ...{ SIGKILL: 9, SIGUSR1: 10, SIGSEGV: 11, SIGUSR2: 12, SIGPIPE: 13, SIGALRM: 14, SIGTERM: 15 },
    ...{ SIGSTKFLT: 16, SIGCHLD: 17, SIGCONT: 18, SIGSTOP: 19, SIGTSTP: 20, SIGTTIN: 21, SIGTTOU: 22 },
    ...{ SIGURG: 23, SIGXCPU: 24, SIGXFSZ: 25, SIGVTALRM: 26, SIGPROF: 27, SIGWINCH: 28, SIGIO: 29 },
    ...{ SIGPWR: 30, SIGSYS: 31 },
  },
  /** asm-generic/mman-common.h */
  advice: {
    ...{
      MADV_NORMAL: 0,
      MADV_RANDOM: 1,
      MADV_SEQUENTIAL: 2,
      MADV_WILLNEED: 3,
      MADV_DONTNEED: 4,
      MADV_FREE: 8,
    },
    ...{ MADV_REMOVE: 9, MADV_DONTFORK: 10, MADV_DOFORK: 11, MADV_MERGEABLE: 12, MADV_UNMERGEABLE: 13 },
    ...{ MADV_HUGEPAGE: 14, MADV_NOHUGEPAGE: 15, MADV_DONTDUMP: 16, MADV_DODUMP: 17, MADV_WIPEONFORK: 18 },
    ...{ MADV_KEEPONFORK: 19, MADV_COLD: 20, MADV_PAGEOUT: 21, MADV_POPULATE_READ: 22 },
    ...{ MADV_POPULATE_WRITE: 23, MADV_DONTNEED_LOCKED: 24 },
  },
  /** linux/eventpoll.h */
  epoll: { EPOLL_CTL_ADD: 1, EPOLL_CTL_DEL: 2, EPOLL_CTL_MOD: 3 },
  /** linux/time.h */
  clock: {
    ...{ CLOCK_REALTIME: 0, CLOCK_MONOTONIC: 1, CLOCK_PROCESS_CPUTIME_ID: 2, CLOCK_THREAD_CPUTIME_ID: 3 },
    ...{ CLOCK_MONOTONIC_RAW: 4, CLOCK_REALTIME_COARSE: 5, CLOCK_MONOTONIC_COARSE: 6, CLOCK_BOOTTIME: 7 },
    ...{ CLOCK_REALTIME_ALARM: 8, CLOCK_BOOTTIME_ALARM: 9, CLOCK_TAI: 11 },
  },
  /** linux/fcntl.h */
  directory: { AT_FDCWD: -100 },
} as const satisfies Record<string, Readonly<Record<string, number>>>;
