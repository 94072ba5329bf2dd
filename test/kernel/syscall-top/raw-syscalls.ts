/** System calls made on purpose, by this process, in numbers known beforehand. */
import type koffiModule from "koffi";
import { nativeAbi, syscallNumber } from "../../../src/symbols/syscalls";

interface RawSyscalls {
  /** Makes a call and gives what syscall(2) gives: −1 for a failure. */
  call(name: string | number, ...args: number[]): number;
  /** Sleeps in nanosleep(2) for this long at least. */
  nanosleep(ns: number): void;
}

let opened: RawSyscalls | undefined;

function open(): RawSyscalls {
  const koffi = require("koffi") as typeof koffiModule;
  const libc = koffi.load(null);
  const syscall = libc.func("syscall", "long", ["long", "long", "long", "long", "long"]);
  const sleep = libc.func("syscall", "long", ["long", "void *", "void *"]);
  return {
    call: (name, ...args) => {
      const number = typeof name === "number" ? name : numberOf(name);
      const [a = 0, b = 0, c = 0, d = 0] = args;
      return syscall(number, a, b, c, d);
    },
    nanosleep: (ns) => {
      const time = new BigInt64Array([BigInt(Math.floor(ns / 1e9)), BigInt(ns % 1e9)]);
      if (sleep(numberOf("nanosleep"), time, null) !== 0) throw new Error("nanosleep was interrupted");
    },
  };
}

function numberOf(name: string): number {
  const number = syscallNumber(nativeAbi(process.arch), name);
  if (number === undefined) throw new RangeError(`no system call "${name}" here`);
  return number;
}

/** The raw calls, opened at the first use. */
export function raw(): RawSyscalls {
  opened ??= open();
  return opened;
}

/** Makes the call so many times. Warmed up first, koffi makes no calls of its own. */
export function repeat(times: number, name: string | number, ...args: number[]): void {
  for (let i = 0; i < times; i++) raw().call(name, ...args);
}
