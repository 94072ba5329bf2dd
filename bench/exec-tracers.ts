/** proc-count and the tools it is compared with, as tracers. */
import type { Bench } from "./benchmark";
import type { PeerName } from "./peers";
import type { Tracer } from "./running-tracer";
import { bpfkitScript } from "./this-build";

/** proc-count with these options, which has so many programs attached. */
export function procCount(programs: number, ...options: readonly string[]): Tracer {
  const format = options.includes("--events") ? ["-f", "ndjson"] : ["--json"];
  return {
    name: ["bpfkit proc-count", ...options].join(" "),
    command: [process.execPath, bpfkitScript, "proc-count", "-q", ...format, ...options],
    programs,
  };
}

/** How many programs each of them has attached. */
const PROGRAMS = { execsnoop: 2, cpudist: 1, runqlat: 3 } as const satisfies Partial<
  Record<PeerName, number>
>;

/** A tool of libbpf-tools, where it is installed. */
export function peer({ peers }: Bench, name: keyof typeof PROGRAMS): Tracer[] {
  const path = peers[name];
  return path === undefined ? [] : [{ name: peerName(name), command: [path], programs: PROGRAMS[name] }];
}

/** What it is called in tables. */
export function peerName(name: keyof typeof PROGRAMS): string {
  return `libbpf-tools ${name}`;
}
