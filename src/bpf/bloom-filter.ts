import { BpfCmd } from "../core/bpf-uapi";
import { bytes, type Codec } from "../core/codec";
import { errno } from "../core/errno";
import type { Syscalls } from "../sys/syscalls";
import type { Fd } from "./fd";
import { MapElement } from "./map-element";
import { mapError } from "./map-error";
import type { BloomFilterSpec } from "./queue-spec";

const noKey = bytes(0) as Codec<unknown>;

/** A set that forgets nothing and may claim too much. Errors as those of `BpfMap`. */
export class BloomFilter<V> implements Disposable {
  private readonly element: MapElement<unknown, V>;

  constructor(
    sys: Syscalls,
    readonly spec: BloomFilterSpec<V>,
    private readonly fd: Fd,
  ) {
    this.element = new MapElement(sys, spec as BloomFilterSpec, noKey, spec.value, fd);
  }

  /** Its file descriptor. */
  get number(): number {
    return this.fd.number;
  }

  add(value: V): void {
    this.element.setValue(value);
    const result = this.element.onBoth(BpfCmd.BPF_MAP_UPDATE_ELEM);
    if (result < 0) throw mapError(this.spec as BloomFilterSpec, "add", -result);
  }

  /** False when the value was certainly never added. */
  mayHave(value: V): boolean {
    this.element.setValue(value);
    const result = this.element.onBoth(BpfCmd.BPF_MAP_LOOKUP_ELEM);
    if (result < 0 && result !== -errno.ENOENT)
      throw mapError(this.spec as BloomFilterSpec, "lookup", -result);
    return result >= 0;
  }

  [Symbol.dispose](): void {
    this.fd[Symbol.dispose]();
  }
}
