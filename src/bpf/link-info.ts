/** How often functions were called, or returned, without a link's program, where the kernel tells: since Linux 6.7. */
import { BpfCmd } from "../core/bpf-uapi";
import type { Codec } from "../core/codec";
import { Attr } from "../sys/attr";
import type { Syscalls } from "../sys/syscalls";
import { KprobeInfo, KprobeMultiInfo, ObjInfo } from "./attr-layouts";
import type { Fd } from "./fd";

function infoOf<T>(sys: Syscalls, fd: Fd, layout: Codec<T>): T | undefined {
  const info = new Uint8Array(layout.size);
  const attr = Attr.of(ObjInfo, { bpfFd: fd.number, infoLen: info.length, info });
  return sys.bpf(BpfCmd.BPF_OBJ_GET_INFO_BY_FD, attr) < 0
    ? undefined
    : layout.decode(new DataView(info.buffer), 0);
}

/** `enum bpf_perf_event_type`: links of other perf events have other things in that place. */
const KPROBES: readonly number[] = [3, 4];

/** Of a kprobe: it was hit inside of another one, or the kernel had no room to follow one more call to its return. */
export function missedByKprobe(sys: Syscalls, fd: Fd): number {
  const info = infoOf(sys, fd, KprobeInfo);
  return info !== undefined && KPROBES.includes(info.eventType) ? Number(info.missed) : 0;
}

/** The same of all functions of a kprobe.multi. */
export function missedByKprobeMulti(sys: Syscalls, fd: Fd): number {
  return Number(infoOf(sys, fd, KprobeMultiInfo)?.missed ?? 0);
}
