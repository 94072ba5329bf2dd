/** System call tables from `asm/unistd_*.h` and, for arm64, `asm-generic/unistd.h`. */
import { newerSyscalls, newerSyscallsX86 } from "./newer";
import { macroValue, preprocess } from "./preprocess";
import { frozen } from "./render";

/** What arm64 defines before it includes the generic list: https://github.com/torvalds/linux/blob/v6.1/arch/arm64/include/uapi/asm/unistd.h */
const arm64 = {
  __BITS_PER_LONG: "64",
  __ARCH_WANT_RENAMEAT: "",
  __ARCH_WANT_NEW_STAT: "",
  __ARCH_WANT_SET_GET_RLIMIT: "",
  __ARCH_WANT_TIME32_SYSCALLS: "",
  __ARCH_WANT_SYS_CLONE3: "",
  __ARCH_WANT_MEMFD_SECRET: "",
};

/** How one table is made. */
export interface SyscallSource {
  /** As in the doc comment. */
  readonly abi: string;
  readonly header: string;
  readonly predefined: Readonly<Record<string, string>>;
  readonly newer: Readonly<Record<string, number>>;
}

/** The tables by the generated file's name. */
export const syscallSources: Readonly<Record<string, SyscallSource>> = {
  "x86-64": {
    abi: "x86-64",
    header: "asm/unistd_64.h",
    predefined: {},
    newer: { ...newerSyscallsX86, ...newerSyscalls },
  },
  i386: { abi: "i386", header: "asm/unistd_32.h", predefined: {}, newer: newerSyscalls },
  x32: {
    abi: "x32, without bit 30",
    header: "asm/unistd_x32.h",
    predefined: { __X32_SYSCALL_BIT: "0" },
    newer: newerSyscalls,
  },
  arm64: { abi: "arm64", header: "asm-generic/unistd.h", predefined: arm64, newer: newerSyscalls },
};

/** The body of one table's file. */
export function syscallFile(source: SyscallSource, header: string): string {
  const { macros } = preprocess(header, source.predefined);
  const names = new Map<number, string>();
  const add = (number: number, name: string): void => {
    const old = names.get(number);
    if (old !== undefined && old !== name)
      throw new Error(`${source.header}: ${number} is both ${old} and ${name}`);
    names.set(number, name);
  };
  for (const macro of macros.keys()) {
    const name = /^__NR_(\w+)$/.exec(macro)?.[1];
    // __NR_syscalls counts them; __NR_arch_specific_syscall opens the range of an architecture's own.
    if (name === undefined || name === "syscalls" || name === "arch_specific_syscall") continue;
    add(Number(macroValue(macros, macro)), name);
  }
  if (names.size < 200) throw new Error(`${source.header}: only ${names.size} system calls found`);
  for (const [name, number] of Object.entries(source.newer)) add(number, name);
  const sorted = [...names].sort(([a], [b]) => a - b);
  return frozen(
    "names",
    `Names of the system calls of ${source.abi}, by number.`,
    sorted,
    ": Readonly<Record<number, string>>",
  );
}
