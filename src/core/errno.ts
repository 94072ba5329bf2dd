/**
 * Names of error numbers, both ways. Beside those of user space there are some that only the kernel uses;
 * they show up where it is watched from inside: the return value at sys_exit, and bpf(2)'s ENOTSUPP.
 */
import { errno as uapi } from "./errno-table";

/** Numbers that are not meant to reach user space: https://github.com/torvalds/linux/blob/v6.12/include/linux/errno.h */
const kernelOnly = {
  ERESTARTSYS: 512,
  ERESTARTNOINTR: 513,
  ERESTARTNOHAND: 514,
  ENOIOCTLCMD: 515,
  ERESTART_RESTARTBLOCK: 516,
  EPROBE_DEFER: 517,
  EOPENSTALE: 518,
  ENOPARAM: 519,
  EBADHANDLE: 521,
  ENOTSYNC: 522,
  EBADCOOKIE: 523,
  ENOTSUPP: 524,
  ETOOSMALL: 525,
  ESERVERFAULT: 526,
  EBADTYPE: 527,
  EJUKEBOX: 528,
  EIOCBQUEUED: 529,
  ERECALLCONFLICT: 530,
} as const;

/** Every error number by name, those only the kernel uses included: `errno.ENOENT === 2`. */
export const errno = Object.freeze({ ...uapi, ...kernelOnly });

/** The name of an error number that is in the table, such as "EPERM". */
export type ErrnoName = keyof typeof errno;

const names = new Map<number, string>();
// The first name of a number stays: EAGAIN, not EWOULDBLOCK.
for (const [name, number] of Object.entries(errno)) if (!names.has(number)) names.set(number, name);

/** The name of a positive error number: "EPERM", or "errno 999" for one that is not in the table. */
export function errnoName(number: number): string {
  return names.get(number) ?? `errno ${number}`;
}

/** The number a name stands for, in either case; a decimal number as text stands for itself. */
export function errnoNumber(name: string): number | undefined {
  const text = name.trim();
  if (/^[0-9]+$/.test(text)) return Number(text);
  const upper = text.toUpperCase();
  return Object.hasOwn(errno, upper) ? errno[upper as ErrnoName] : undefined;
}
