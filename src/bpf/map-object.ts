import { BpfCmd } from "../core/bpf-uapi";
import { decoded } from "../core/codec";
import { SyscallError } from "../core/errors";
import { Attr } from "../sys/attr";
import type { Syscalls } from "../sys/syscalls";
import { MapElem, MapInfo, ObjInfo } from "./attr-layouts";
import type { Fd } from "./fd";
import { type MapFacts, mapError } from "./map-error";
import { pinObject } from "./pin";

/** What the kernel tells of a map. */
export interface MapDetails {
  /** For `Kernel.openMap` and its siblings, and what a map of maps holds. */
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

/** What all maps have in common, whatever they hold. Everything throws a ReferenceError once the map is closed. */
export abstract class MapObject<S extends MapFacts> implements Disposable {
  protected constructor(
    protected readonly sys: Syscalls,
    readonly spec: S,
    protected readonly fd: Fd,
  ) {}

  /** Its file descriptor. */
  get number(): number {
    return this.fd.number;
  }

  /** What the kernel knows of it: with its id another thread or process opens it too. */
  details(): MapDetails {
    return mapDetails(this.sys, `map "${this.spec.name}"`, this.number);
  }

  /**
   * Forbids user space to write, for ever; programs still may. Refused with EBUSY while the map is mapped for writing,
   * as mappable arrays are here. Since Linux 5.2.
   */
  freeze(): void {
    const result = this.sys.bpf(BpfCmd.BPF_MAP_FREEZE, Attr.of(MapElem, { mapFd: this.number }));
    if (result < 0) throw mapError(this.spec, "freeze", -result);
  }

  /** Keeps the map alive under a path in a mounted bpffs, until that file is removed. Since Linux 4.4. */
  pin(path: string): void {
    pinObject(this.sys, `map "${this.spec.name}"`, this.number, path);
  }

  [Symbol.dispose](): void {
    this.fd[Symbol.dispose]();
  }
}
