/**
 * Names of system calls. A 64-bit kernel serves several ABIs, each with numbers of its own, so a number
 * says nothing without the ABI it was called through.
 */
import { NotSupportedError } from "../../core/errors";
import { names as arm64 } from "./arm64";
import { names as i386 } from "./i386";
import { names as x32 } from "./x32";
import { names as x86_64 } from "./x86-64";

/** A way to enter the kernel; i386 and x32 are compatibility modes of x86-64, arm32 (EABI) is one of arm64. */
export type Abi = "x86-64" | "i386" | "x32" | "arm64" | "arm32";

/** Names by number. */
export type SyscallTable = Readonly<Record<number, string>>;

/** Set in the number of a call through x32; the tables and functions here leave it out. */
export const x32Bit = 0x4000_0000;

const none: SyscallTable = Object.freeze({});

/** Debian's headers for amd64 have no table for arm32, so its calls go by number: `arm32:#5`. */
const tables: Readonly<Record<Abi, SyscallTable>> = { "x86-64": x86_64, i386, x32, arm64, arm32: none };

/** In front of the name of a call through a compatibility mode, to tell it from the native one. */
const prefixes: Readonly<Record<Abi, string>> = {
  "x86-64": "",
  i386: "ia32:",
  x32: "x32:",
  arm64: "",
  arm32: "arm32:",
};

/** The table of an ABI; empty for arm32. */
export function syscallTable(abi: Abi): SyscallTable {
  return tables[abi];
}

/** What the display names of an ABI's calls begin with: "" for a native one, "ia32:" and the like. */
export function abiPrefix(abi: Abi): string {
  return prefixes[abi];
}

/** The display name of a call: `openat`, `ia32:open`, and `#600` or `arm32:#5` outside the table. */
export function syscallName(abi: Abi, number: number): string {
  return prefixes[abi] + (tables[abi][number] ?? `#${number}`);
}

const numbers = new Map<Abi, ReadonlyMap<string, number>>();

function numbersOf(abi: Abi): ReadonlyMap<string, number> {
  let found = numbers.get(abi);
  if (found === undefined) {
    found = new Map(Object.entries(tables[abi]).map(([number, name]) => [name, Number(number)]));
    numbers.set(abi, found);
  }
  return found;
}

/** The number of a call by its bare name, or undefined if the ABI has no such call. */
export function syscallNumber(abi: Abi, name: string): number | undefined {
  return numbersOf(abi).get(name);
}

/** The ABI of 64-bit programs by Node's name of the architecture (`process.arch`). */
export function nativeAbi(nodeArch: string): Abi {
  if (nodeArch === "x64") return "x86-64";
  if (nodeArch === "arm64") return "arm64";
  throw new NotSupportedError(`system calls: architecture "${nodeArch}" is not supported`, {
    hint: "bpfkit runs on x86-64 and arm64",
  });
}

/** The other ABIs a kernel with this native one may serve. */
export function compatAbis(native: Abi): readonly Abi[] {
  if (native === "x86-64") return ["i386", "x32"];
  return native === "arm64" ? ["arm32"] : [];
}

/** The highest number in the ABI's table, for sizing an array; arm32 shares the newest numbers with arm64. */
export function maxSyscall(abi: Abi): number {
  return Math.max(...Object.keys(tables[abi === "arm32" ? "arm64" : abi]).map(Number));
}
