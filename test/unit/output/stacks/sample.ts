import type { RunInfo } from "../../../../src/output/report";
import type { Frame, Group, Module, Profile, ProfileFacts } from "../../../../src/output/stacks/profile";
import { ProfileBuilder } from "../../../../src/output/stacks/profile-builder";

export const info: RunInfo = {
  tool: "bpfkit",
  version: "0.1.0",
  command: "stack-profile",
  kernel: "6.1.0-18-amd64",
  startedAt: new Date("2026-11-21T10:00:00.000Z"),
};

export const facts: ProfileFacts = {
  title: "CPU time",
  measure: "cpu",
  unit: "samples",
  periodNs: 10_000_000,
  startedAt: info.startedAt,
  durationNs: 2e9,
  notes: [],
  lost: { stacksFull: 0 },
};

export const program: Module = {
  path: "/usr/bin/shop",
  buildId: "0b6d65a0",
  start: 0x55d0_0000_0000n,
  end: 0x55d0_0010_0000n,
  fileOffset: 0x1000n,
};

export const kernel: Module = {
  path: "[kernel]",
  start: 0xffff_ffff_8100_0000n,
  end: 0xffff_ffff_8200_0000n,
  fileOffset: 0n,
};

export const user = (name: string, offset = 0n): Frame => ({
  name,
  kind: "user",
  module: program,
  address: program.start + offset,
});

/** A stack with its weight; frames by name are functions of no particular kind. */
export interface Counted {
  readonly frames: readonly (string | Frame)[];
  readonly weight: number;
  readonly count?: number;
  readonly group?: Group;
}

/** A profile of these stacks; equal names are one frame. */
export function profileOf(stacks: readonly Counted[], changed: Partial<ProfileFacts> = {}): Profile {
  const builder = new ProfileBuilder();
  const frames = new Map<string | Frame, number>();
  const groups = new Map<Group, number>();
  const numberOf = (frame: string | Frame) => {
    const number =
      frames.get(frame) ?? builder.frame(typeof frame === "string" ? { name: frame, kind: "user" } : frame);
    frames.set(frame, number);
    return number;
  };
  for (const { frames: path, weight, count, group = nobody } of stacks) {
    const number = groups.get(group) ?? builder.group(group);
    groups.set(group, number);
    builder.add(number, builder.stack(path.map(numberOf)), weight, count);
  }
  return builder.build({ ...facts, ...changed });
}

const nobody: Group = { label: "" };
export const shop: Group = { label: "shop", pid: 42, tid: 43 };
export const idle: Group = { label: "[idle]" };

const main = user("main", 0x10n);
const pay = user("pay", 0x2ban);
const read: Frame = { name: "vfs_read", kind: "kernel", module: kernel, address: kernel.start + 0x40n };
const render: Frame = { name: "render", kind: "jit", file: "/srv/page.js", line: 7, tier: "optimized" };

/** One of everything: 10 samples, 5 of them in `pay`. */
export const mixed = profileOf([
  { group: shop, frames: [main, pay], weight: 3 },
  { group: shop, frames: [main, pay, { ...user("add", 0x2ban), kind: "inline" }], weight: 2 },
  { group: shop, frames: [main, render], weight: 2 },
  { group: shop, frames: [main, user("load", 0x50n), read], weight: 1 },
  {
    group: idle,
    frames: [{ name: "do_idle", kind: "kernel", module: kernel, address: kernel.start }],
    weight: 2,
  },
]);

export const empty = profileOf([]);

/** One stack of so many different functions: f0 calls f1 calls f2 … */
export function deep(depth: number): Profile {
  return profileOf([{ frames: Array.from({ length: depth }, (_, at) => `f${at}`), weight: 7 }]);
}

/** Everything in one piece. */
export function textOf(pieces: Iterable<string | Uint8Array>): string {
  return Buffer.concat(Array.from(pieces, (piece) => Buffer.from(piece as string))).toString();
}
