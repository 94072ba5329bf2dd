/** Which arguments of system calls have names for their values, or lead to an address of a socket. Pure. */
import type { Abi } from "../../symbols/syscalls";
import { type FlagSet, flagSet } from "./flag-set";
import { choiceTables, flagTables } from "./flag-tables";
import type { Size, ValueForm } from "./value-form";

type Table = keyof typeof flagTables | keyof typeof choiceTables | "mode" | "sockaddr" | "written-sockaddr";

const mode = { mode: "mode" } as const;
const dontFollow = { flags: "stat" } as const;

/** By call and argument. What is not here is shown as its type says. */
const TABLES: Readonly<Record<string, Readonly<Record<string, Table>>>> = {
  accept: { upeer_sockaddr: "written-sockaddr" },
  accept4: { upeer_sockaddr: "written-sockaddr", flags: "socketFlags" },
  access: { mode: "accessMode" },
  bind: { umyaddr: "sockaddr" },
  chmod: mode,
  clock_adjtime: { which_clock: "clock" },
  clock_getres: { which_clock: "clock" },
  clock_gettime: { which_clock: "clock" },
  clock_nanosleep: { which_clock: "clock" },
  clock_settime: { which_clock: "clock" },
  clone: { clone_flags: "clone" },
  connect: { uservaddr: "sockaddr" },
  creat: mode,
  dup3: { flags: "closeOnExec" },
  epoll_create1: { flags: "closeOnExec" },
  epoll_ctl: { op: "epoll" },
  eventfd2: { flags: "event" },
  execveat: dontFollow,
  faccessat: { mode: "accessMode" },
  faccessat2: { mode: "accessMode", flags: "access" },
  fchmod: mode,
  fchmodat: mode,
  fchmodat2: { ...mode, ...dontFollow },
  fchownat: { flag: "stat" },
  fcntl: { cmd: "fcntl" },
  getpeername: { usockaddr: "written-sockaddr" },
  getrandom: { flags: "random" },
  getsockname: { usockaddr: "written-sockaddr" },
  kill: { sig: "signal" },
  linkat: { flags: "link" },
  lseek: { whence: "whence" },
  madvise: { behavior: "advice" },
  memfd_create: { flags: "memfd" },
  mkdir: mode,
  mkdirat: mode,
  mknod: mode,
  mknodat: mode,
  mmap: { prot: "prot", flags: "map" },
  mprotect: { prot: "prot" },
  mremap: { flags: "mremap" },
  newfstatat: { flag: "stat" },
  open: { flags: "open", ...mode },
  openat: { flags: "open", ...mode },
  pidfd_send_signal: { sig: "signal" },
  pipe2: { flags: "pipe" },
  pkey_mprotect: { prot: "prot" },
  recvfrom: { flags: "messages", addr: "written-sockaddr" },
  recvmmsg: { flags: "messages" },
  recvmsg: { flags: "messages" },
  renameat2: { flags: "rename" },
  rt_sigaction: { sig: "signal" },
  rt_sigprocmask: { how: "maskHow" },
  rt_sigqueueinfo: { sig: "signal" },
  rt_tgsigqueueinfo: { sig: "signal" },
  sendmmsg: { flags: "messages" },
  sendmsg: { flags: "messages" },
  sendto: { flags: "messages", addr: "sockaddr" },
  setns: { flags: "clone" },
  shutdown: { how: "shutdown" },
  socket: { family: "family", type: "socketType" },
  socketpair: { family: "family", type: "socketType" },
  statx: { flags: "stat" },
  tgkill: { sig: "signal" },
  timer_create: { which_clock: "clock" },
  timerfd_create: { clockid: "clock" },
  tkill: { sig: "signal" },
  umask: { mask: "mode" },
  unlinkat: { flag: "unlink" },
  unshare: { unshare_flags: "clone" },
  utimensat: dontFollow,
  wait4: { options: "wait" },
  waitid: { options: "wait" },
};

/** The form of an argument that its type alone does not tell; `plain` where there is none. */
export function namedForm(call: string, param: string, plain: ValueForm, abi: Abi): ValueForm {
  const tables = Object.hasOwn(TABLES, call) ? TABLES[call] : undefined;
  const table = tables !== undefined && Object.hasOwn(tables, param) ? tables[param] : undefined;
  const size = "size" in plain ? plain.size : 8;
  if (table === undefined) return plain;
  if (table === "sockaddr") return { kind: "sockaddr" };
  if (table === "written-sockaddr") return { kind: "sockaddr", written: true };
  if (table === "mode") return { kind: "octal", size };
  return Object.hasOwn(flagTables, table)
    ? { kind: "flags", size, set: flagsOf(table as keyof typeof flagTables, abi) }
    : choiceForm(table as keyof typeof choiceTables, size);
}

/** The form of a number that stands for one of a table's things. */
export function choiceForm(table: keyof typeof choiceTables, size: Size): ValueForm {
  const names = new Map(Object.entries(choiceTables[table]).map(([name, value]) => [value, name]));
  return { kind: "enum", size, signed: true, names };
}

const sets = new Map<string, FlagSet>();

/** One set for all calls that take these flags. */
function flagsOf(table: keyof typeof flagTables, abi: Abi): FlagSet {
  const key = `${table} ${abi}`;
  const set = sets.get(key) ?? flagSet(flagTables[table](abi));
  sets.set(key, set);
  return set;
}
