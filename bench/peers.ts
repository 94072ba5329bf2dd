/** The tools to compare with: found, or installed. */
import { spawnSync } from "node:child_process";
import { findExecutable } from "../src/cli/executable";

const packages = {
  bpftrace: "bpftrace",
  syscount: "libbpf-tools",
  execsnoop: "libbpf-tools",
  cpudist: "libbpf-tools",
  runqlat: "libbpf-tools",
  // Not in Debian 12's.
  "profile-libbpf": "libbpf-tools",
  funclatency: "libbpf-tools",
  perf: "linux-perf",
  // Not compared with, but what makes the load.
  perl: "perl",
  "stress-ng": "stress-ng",
} as const;

export type PeerName = keyof typeof packages;
const peerNames = Object.keys(packages) as PeerName[];

/** Where each peer is; undefined when it is missing. */
export type Peers = Readonly<Record<PeerName, string | undefined>>;

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
  const missing = peerNames.filter((name) => find(name) === undefined);
  if (missing.length > 0 && process.getuid?.() === 0 && find("apt-get") !== undefined) {
    const names = [...new Set(missing.map((name) => packages[name]))];
    note(`installing ${names.join(", ")}`);
    const install = ["install", "-y", "--no-install-recommends", ...names];
    if (!aptGet(...install) && aptGet("update")) aptGet(...install);
  }
  return Object.fromEntries(peerNames.map((name) => [name, find(name)])) as Peers;
}

/** A line for each peer that is not compared with. */
export function missingPeers(peers: Peers): string[] {
  return peerNames
    .filter((name) => peers[name] === undefined)
    .map((name) => `skipped: ${name} (package ${packages[name]} is not installed)`);
}
