/** The tracers that are compared. */
import { nativeAbi, syscallName } from "../src/symbols/syscalls";
import { parseBpfkit, parseBpftrace, parseSyscount } from "./counted-calls";
import type { Tracer } from "./running-tracer";
import { benchScript, bpfkitScript } from "./this-build";

/** Programs without content, one at each raw tracepoint named. */
export function emptyPrograms(...hooks: readonly string[]): Tracer {
  return {
    name: `empty program (${hooks.map((name) => name.replace("sys_", "")).join(" + ")})`,
    command: [process.execPath, benchScript("empty-tracer"), ...hooks],
    programs: hooks.length,
  };
}

/** bpfkit syscall-top with these options. */
export function syscallTop(programs: number, ...options: readonly string[]): Tracer {
  return {
    name: ["bpfkit syscall-top", ...options].join(" "),
    command: [process.execPath, bpfkitScript, "syscall-top", "--json", "-q", "-n", "0", ...options],
    programs,
    counted: parseBpfkit,
  };
}

/** libbpf-tools' syscount with these options; it counts at the exit, with -L it has a program at the entry too. */
export function syscount(path: string, ...options: readonly string[]): Tracer {
  return {
    name: ["libbpf-tools syscount", ...options].join(" "),
    command: [path, "-T", "1000", ...options],
    programs: options.includes("-L") ? 2 : 1,
    counted: parseSyscount,
  };
}

/** What is counted with bpftrace. */
export const COUNT_BY_NUMBER = "tracepoint:raw_syscalls:sys_enter { @[args->id] = count(); }";

/** bpftrace's one-liner. */
export function bpftraceCount(path: string): Tracer {
  const native = nativeAbi(process.arch);
  return {
    name: "bpftrace count() by id",
    command: [path, "-e", COUNT_BY_NUMBER],
    programs: 1,
    counted: (text) => parseBpftrace(text, (number) => syscallName(native, number)),
  };
}
