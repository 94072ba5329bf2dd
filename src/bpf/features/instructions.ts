/** Instructions and helper functions that came later than Linux 5.10, or that a command stands or falls with. */
import { add, bswap, mov, movsx } from "../../asm/alu";
import { atomicFetchAdd } from "../../asm/atomic";
import { helper } from "../../asm/helper-ids";
import type { Block } from "../../asm/instruction";
import { call, exit } from "../../asm/jump";
import { loadImm64, store } from "../../asm/memory";
import { fp, r0, r1, r2, r3, r4 } from "../../asm/register";
import { ProgType } from "../../core/bpf-uapi";
import { errno } from "../../core/errno";
import type { Feature, FeatureGroup } from "./feature";
import { type Outcome, outcomeOf, works } from "./outcome";
import { LOAD } from "./programs";
import type { Trial } from "./trial";

function accepted(group: FeatureGroup, title: string, since: string, code: Block, type: number = RAW) {
  return {
    title,
    group,
    since,
    probe: (trial: Trial) => outcomeOf(LOAD, trial.program({ type, code: [code, mov(r0, 0), exit()] })),
  } as const satisfies Feature;
}

const RAW = ProgType.BPF_PROG_TYPE_RAW_TRACEPOINT;
const KPROBE = ProgType.BPF_PROG_TYPE_KPROBE;

function instructions(title: string, since: string, code: Block) {
  return accepted("instructions", title, since, code);
}

function helperCall(title: string, since: string, code: Block, type?: number) {
  return accepted("helpers", title, since, code, type);
}

export const instructionFeatures = {
  "fetch-atomics": instructions("atomics that return the old value", "5.12", [
    store(8, fp, -8, 0),
    mov(r1, 1),
    atomicFetchAdd(8, fp, -8, r1),
  ]),
  "isa-v4": instructions("instruction set version 4", "6.6", [mov(r1, -1), movsx(8, r2, r1), bswap(32, r2)]),
} as const satisfies Record<string, Feature>;

export const helperFeatures = {
  "pid-namespace-helper": helperCall("bpf_get_ns_current_pid_tgid", "5.7", [
    mov(r1, 0),
    mov(r2, 0),
    mov(r3, fp),
    add(r3, -8),
    mov(r4, 8),
    call(helper.getNsCurrentPidTgid),
  ]),
  "probe-read-kernel": helperCall("bpf_probe_read_kernel", "5.5", readInto(helper.probeReadKernel)),
  "probe-read-user-str": helperCall("bpf_probe_read_user_str", "5.5", readInto(helper.probeReadUserStr)),
  "current-cgroup-id": helperCall("bpf_get_current_cgroup_id", "4.18", [call(helper.getCurrentCgroupId)]),
  "ancestor-cgroup-id": helperCall("bpf_get_current_ancestor_cgroup_id", "5.14", [
    mov(r1, 0),
    call(helper.getCurrentAncestorCgroupId),
  ]),
  "boot-time": helperCall("bpf_ktime_get_boot_ns", "5.8", [call(helper.ktimeGetBootNs)]),
  "function-address": helperCall("bpf_get_func_ip", "5.15", [call(helper.getFuncIp)], KPROBE),
  loop: {
    title: "bpf_loop",
    group: "helpers",
    since: "5.17",
    probe: loop,
  },
} as const satisfies Record<string, Feature>;

/** Reads eight bytes, or so it says: the program is never run. */
function readInto(number: number): Block {
  return [mov(r1, fp), add(r1, -8), mov(r2, 8), loadImm64(r3, 0n), call(number)];
}

/**
 * A real call needs a callback described by BTF. Here it is a number, which a verifier that knows the helper finds
 * and objects to as such.
 */
function loop(trial: Trial): Outcome {
  const scalars = [mov(r1, 1), mov(r2, 0), mov(r3, 0), mov(r4, 0)];
  const code = [scalars, call(helper.loop), mov(r0, 0), exit()];
  const result = trial.program({ type: RAW, code });
  return result === -errno.EACCES ? works() : outcomeOf(LOAD, result);
}
