import { BpfCmd } from "../core/bpf-uapi";
import { decoded } from "../core/codec";
import { SyscallError } from "../core/errors";
import { Attr } from "../sys/attr";
import type { Syscalls } from "../sys/syscalls";
import { MapElem, MapInfo, ObjInfo } from "./attr-layouts";
import { mapError } from "./map-error";
import type { MapSpec } from "./map-spec";

/** What the kernel tells of a map. */
export interface MapDetails {
  /** For `Kernel.openMap`, and what a map of maps holds. */
  readonly id: number;
  /** BPF_MAP_TYPE_* */
  readonly type: number;
  readonly name: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
}

/** Asks the kernel about a map. Since Linux 4.13. */
export function mapDetails(sys: Syscalls, what: string, fd: number): MapDetails {
  const info = new Uint8Array(MapInfo.size);
  const attr = Attr.of(ObjInfo, { bpfFd: fd, infoLen: info.length, info });
  const result = sys.bpf(BpfCmd.BPF_OBJ_GET_INFO_BY_FD, attr);
  if (result < 0) throw new SyscallError(`${what} details`, -result);
  const { id, type, name, keySize, valueSize, maxEntries, mapFlags: flags } = decoded(MapInfo, info);
  return { id, type, name, keySize, valueSize, maxEntries, flags };
}

/** Forbids user space to write to a map. Since Linux 5.2. */
export function freezeMap(sys: Syscalls, spec: MapSpec, fd: number): void {
  const result = sys.bpf(BpfCmd.BPF_MAP_FREEZE, Attr.of(MapElem, { mapFd: fd }));
  if (result < 0) throw mapError(spec, "freeze", -result);
}
