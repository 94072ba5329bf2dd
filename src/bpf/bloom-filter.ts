import { BpfCmd } from "../core/bpf-uapi";
import { bytes, type Codec } from "../core/codec";
import { errno } from "../core/errno";
import type { Syscalls } from "../sys/syscalls";
import type { Fd } from "./fd";
import { MapElement } from "./map-element";
import { mapError } from "./map-error";
import { MapObject } from "./map-object";
import type { BloomFilterSpec } from "./queue-spec";

const noKey = bytes(0) as Codec<unknown>;

/** A set that forgets nothing and may claim too much. Errors as those of `BpfMap`. */
export class BloomFilter<V> extends MapObject<BloomFilterSpec<V>> {
  private readonly element: MapElement<unknown, V>;

  constructor(sys: Syscalls, spec: BloomFilterSpec<V>, fd: Fd) {
    super(sys, spec, fd);
    this.element = new MapElement(sys, spec as BloomFilterSpec, noKey, spec.value, fd);
  }

  add(value: V): void {
    this.element.setValue(value);
    const result = this.element.onBoth(BpfCmd.BPF_MAP_UPDATE_ELEM);
    if (result < 0) throw mapError(this.spec, "add", -result);
  }

  /** False when the value was certainly never added. */
  mayHave(value: V): boolean {
    this.element.setValue(value);
    const result = this.element.onBoth(BpfCmd.BPF_MAP_LOOKUP_ELEM);
    if (result < 0 && result !== -errno.ENOENT) throw mapError(this.spec, "lookup", -result);
    return result >= 0;
  }
}
