/** What the figures were measured on. */
import { readdirSync, readFileSync } from "node:fs";
import { cpus, loadavg, release } from "node:os";
import { join } from "node:path";
import { version } from "./this-build";

const VULNERABILITIES = "/sys/devices/system/cpu/vulnerabilities";
/** Mitigations that make calls from a program to the kernel's helpers dear. */
const COSTLY = ["retbleed", "spec_rstack_overflow", "spectre_v2"];

function read(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "unknown";
  }
}

function mitigations(): string[] {
  try {
    return readdirSync(VULNERABILITIES).filter((name) => COSTLY.includes(name));
  } catch {
    return [];
  }
}

/** Above this load the machine is not quiet. */
export function isBusy(load: number, cpuCount: number): boolean {
  return load > 0.5 * cpuCount;
}

/** The lines above every report. */
export function machineFacts(): string[] {
  const processors = cpus();
  const [load = 0] = loadavg();
  const lines = [
    `bpfkit ${version()}, Node ${process.version}, Linux ${release()} ${process.arch}`,
    `${processors.length} × ${processors[0]?.model ?? "unknown processor"}`,
    ...mitigations().map((name) => `${name}: ${read(join(VULNERABILITIES, name))}`),
    `bpf_jit_enable ${read("/proc/sys/net/core/bpf_jit_enable")}, bpf_stats_enabled ${read("/proc/sys/kernel/bpf_stats_enabled")}`,
    `load average ${loadavg()
      .map((value) => value.toFixed(2))
      .join(" ")}`,
  ];
  if (isBusy(load, processors.length)) lines.push("WARNING: the machine is busy, the numbers are noisy");
  return lines;
}
