/** Why addresses of processes have no names, and what would give them one. */

/** Why there is no name: `unnamedReasons` says it in words. */
export type Unnamed =
  | "exited"
  | "unmapped"
  | "run-time code"
  | "node without a map"
  | "unreadable"
  | "not ELF"
  | "stripped"
  | "no function";

/** For the footer under a report: the fact, and advice where there is some. */
export const unnamedReasons: Readonly<Record<Unnamed, { readonly fact: string; readonly hint?: string }>> = {
  exited: { fact: "the process ended before its memory map was read" },
  unmapped: {
    fact: "no executable memory at this address",
    hint: "a caller built without frame pointers gives such addresses: build it with -fno-omit-frame-pointer",
  },
  "run-time code": {
    fact: "code made at run time, and no /tmp/perf-PID.map that names it",
    hint: "start it with what makes it write a perf map: java with a perf-map agent, python3 -X perf",
  },
  "node without a map": {
    fact: "JavaScript of a Node process that writes no map of it",
    hint: "start it with node --perf-basic-prof --interpreted-frames-native-stack",
  },
  unreadable: { fact: "the file could not be read", hint: "run it as root" },
  "not ELF": { fact: "the file is no 64-bit ELF file, or is damaged" },
  stripped: {
    fact: "the file has no symbols for its own functions",
    hint: "install its debug symbols (Debian: NAME-dbgsym or NAME-dbg), or build it without -s",
  },
  "no function": { fact: "the file's symbols have no function at this address" },
};
