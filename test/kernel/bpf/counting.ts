/** A program that counts how often it ran in a process, at whatever hook. */
import {
  atomicAdd,
  type Block,
  call,
  exit,
  helper,
  jump32,
  label,
  loadMapValue,
  mov,
  r0,
  r1,
  r2,
  rsh,
} from "../../../src/asm";
import { mappableArray } from "../../../src/bpf/map-spec";
import type { Hook, ProbeSpec } from "../../../src/bpf/program-spec";
import { count64, struct } from "../../../src/core/codec";

const Counts = struct({ mine: count64, all: count64 });

export const counts = mappableArray("counts", Counts, 1);

const bump = (offset: number): Block => [
  [loadMapValue(r1, counts), mov(r2, 1), atomicAdd(8, r1, offset, r2)],
];

/** Counts runs at these hooks: all, and those in this process. */
export function counting(pid: number, ...hooks: readonly Hook[]): ProbeSpec {
  return {
    maps: [counts as ProbeSpec["maps"][number]],
    programs: hooks.map((hook) => {
      const other = label("other");
      return {
        name: "counting",
        hook,
        code: [
          bump(Counts.offsets.all),
          [call(helper.getCurrentPidTgid), rsh(r0, 32), jump32.ne(r0, pid, other)],
          bump(Counts.offsets.mine),
          // 1 lets the event go on where the program's answer counts.
          [other, mov(r0, hook.kind === "cgroup" || hook.kind === "tracepoint" ? 1 : 0), exit()],
        ],
      };
    }),
  };
}
