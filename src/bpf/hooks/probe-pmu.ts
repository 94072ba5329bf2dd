/** The kernel's sources of probe events, which sysfs numbers. */
import { NotSupportedError } from "../../core/errors";
import type { Access } from "../access";

export interface ProbePmu {
  /** For `perf_event_attr.type`. */
  readonly type: number;
  /** The bit of `config` that asks for the return instead of the entry. */
  readonly returnBit: bigint;
}

const HINTS = {
  kprobe: "built without CONFIG_KPROBE_EVENTS; fentry, tracepoints and raw tracepoints may be there instead",
  uprobe: "built without CONFIG_UPROBE_EVENTS",
};

/** Since Linux 4.17. Throws a NotSupportedError on a kernel without. */
export function probePmu({ sys }: Access, name: "kprobe" | "uprobe"): ProbePmu {
  const folder = `/sys/bus/event_source/devices/${name}`;
  const type = sys.readText(`${folder}/type`);
  if (type === undefined)
    throw new NotSupportedError(`${name}: this kernel has no ${name}s`, { hint: HINTS[name] });
  const format = sys.readText(`${folder}/format/retprobe`);
  const bit = /^config:(\d+)/.exec(format ?? "")?.[1] ?? "0";
  return { type: Number(type), returnBit: 1n << BigInt(bit) };
}
