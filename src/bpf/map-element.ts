import type { Codec } from "../core/codec";
import { Attr } from "../sys/attr";
import type { Syscalls } from "../sys/syscalls";
import { MapElem } from "./attr-layouts";
import type { Fd } from "./fd";
import { naming } from "./map-error";
import type { MapSpec } from "./map-spec";

/**
 * One key and one value in buffers that every call on single elements uses again: allocating them anew would
 * cost more than the system call.
 */
export class MapElement<K, V> {
  private readonly keyView: DataView;
  private readonly valueView: DataView;
  /** Commands refuse arguments they do not use, so there is a block with a value and one without. */
  private readonly keyOnly: Attr;
  private readonly both: Attr;
  private flags = 0;

  constructor(
    private readonly sys: Syscalls,
    private readonly spec: MapSpec,
    private readonly keyCodec: Codec<K>,
    private readonly valueCodec: Codec<V>,
    private readonly fd: Fd,
  ) {
    const key = new Uint8Array(keyCodec.size);
    const value = new Uint8Array(valueCodec.size);
    this.keyView = new DataView(key.buffer);
    this.valueView = new DataView(value.buffer);
    const pointer = key.length === 0 ? undefined : key;
    this.keyOnly = Attr.of(MapElem, { mapFd: fd.number, key: pointer });
    this.both = Attr.of(MapElem, { mapFd: fd.number, key: pointer, value });
  }

  setKey(key: K): void {
    naming(this.spec, "key", () => this.keyCodec.encode(this.keyView, 0, key));
  }

  setKeyBytes(key: Uint8Array): void {
    new Uint8Array(this.keyView.buffer).set(key);
  }

  setValue(value: V): void {
    new Uint8Array(this.valueView.buffer).fill(0);
    naming(this.spec, "value", () => this.valueCodec.encode(this.valueView, 0, value));
  }

  get value(): V {
    return this.valueCodec.decode(this.valueView, 0);
  }

  /** A command on the key alone. */
  onKey(command: number): number {
    this.checkOpen();
    return this.sys.bpf(command, this.keyOnly);
  }

  /** A command that reads or writes the value. */
  onBoth(command: number, flags = 0): number {
    this.checkOpen();
    if (flags !== this.flags) this.both.write(MapElem, "flags", BigInt(flags));
    this.flags = flags;
    return this.sys.bpf(command, this.both);
  }

  /** The number may belong to somebody else by now. */
  private checkOpen(): void {
    void this.fd.number;
  }
}
