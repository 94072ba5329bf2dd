/** The tools to compare with: found, or installed. */
import { spawnSync } from "node:child_process";
import { findExecutable } from "../src/cli/executable";

/** Where each peer is; undefined when it is missing. */
export interface Peers {
  readonly bpftrace: string | undefined;
  readonly syscount: string | undefined;
}

const packages = { bpftrace: "bpftrace", syscount: "libbpf-tools" } as const;

function find(name: string): string | undefined {
  try {
    // Debian has libbpf-tools in sbin, which is not in every PATH.
    return findExecutable(name, `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`);
  } catch {
    return undefined;
  }
}

function aptGet(...args: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync("apt-get", args, { env, stdio: ["ignore", "ignore", "inherit"] }).status === 0;
}

/** Finds the peers; what is missing is installed with apt-get, where there is one. */
export function findPeers(note: (line: string) => void): Peers {
  const missing = Object.entries(packages).filter(([name]) => find(name) === undefined);
  if (missing.length > 0 && process.getuid?.() === 0 && find("apt-get") !== undefined) {
    const names = missing.map(([, name]) => name);
    note(`installing ${names.join(", ")}`);
    const install = ["install", "-y", "--no-install-recommends", ...names];
    if (!aptGet(...install) && aptGet("update")) aptGet(...install);
  }
  return { bpftrace: find("bpftrace"), syscount: find("syscount") };
}

/** A line for each peer that is not compared with. */
export function missingPeers(peers: Peers): string[] {
  return Object.entries(peers)
    .filter(([, path]) => path === undefined)
    .map(([name]) => `skipped: ${name} (package ${packages[name as keyof Peers]} is not installed)`);
}
