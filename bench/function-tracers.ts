/** The tracers that count and time calls of one function. */
import type { Tracer } from "./running-tracer";
import { bpfkitScript } from "./this-build";

/** bpfkit trace-fn on this target by this mechanism. */
export function ofBpfkit(
  target: string,
  via: string,
  mode: "--count" | "--latency",
  programs: number,
): Tracer {
  return {
    name: `bpfkit trace-fn ${mode} --via ${via}`,
    command: [process.execPath, bpfkitScript, "trace-fn", "--json", "-q", mode, "--via", via, target],
    programs,
    counted: countedByBpfkit,
  };
}

/** bpftrace's count() at a probe such as `uprobe:libc:write`. */
export function ofBpftrace(path: string, probe: string): Tracer {
  return {
    name: `bpftrace count() by ${probe.slice(0, probe.indexOf(":"))}`,
    command: [path, "-e", `${probe} { @ = count(); }`],
    programs: 1,
    counted: countedByBpftrace,
  };
}

/** libbpf-tools' funclatency, which shows a histogram. */
export function ofFunclatency(path: string, target: string): Tracer {
  return {
    name: "libbpf-tools funclatency",
    command: [path, target],
    programs: 2,
    counted: countedByFunclatency,
  };
}

/** From the totals of a JSON document. */
export function countedByBpfkit(json: string): number {
  return (JSON.parse(json) as { totals: { count: number } }).totals.count;
}

/** From a map of one number: `@: 200012`. */
export function countedByBpftrace(text: string): number {
  return Number(/^@: (\d+)$/m.exec(text)?.[1] ?? 0);
}

/** From the rows of a histogram: `  512 -> 1023 : 198  |****|`. */
export function countedByFunclatency(text: string): number {
  const rows = [...text.matchAll(/^\s*\d+ -> \d+\s*: (\d+)\s*\|/gm)];
  return rows.reduce((sum, [, count]) => sum + Number(count), 0);
}
