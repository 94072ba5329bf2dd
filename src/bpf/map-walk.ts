import { BpfCmd } from "../core/bpf-uapi";
import { errno } from "../core/errno";
import { Attr } from "../sys/attr";
import type { Syscalls } from "../sys/syscalls";
import { MapElem } from "./attr-layouts";
import type { Fd } from "./fd";
import { mapError } from "./map-error";
import type { MapSpec } from "./map-spec";

/** Keys walked without finding a new one before it is certain enough that there is none, beside those known. */
const PATIENCE = 64;

/** The bytes of a key as something a Set can hold. */
export function keyIdentity(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1");
}

/**
 * The keys of a map, each once, one system call per key. When the key it stands at is deleted the kernel begins
 * again, so a map that changes all the time has no end: the walk is over when it has met nothing but known keys
 * for as long as a whole round takes, or twice as many keys as the map holds.
 */
export function* walkKeys(sys: Syscalls, spec: MapSpec, fd: Fd): Generator<Uint8Array> {
  const seen = new Set<string>();
  const next = new Uint8Array(spec.key.size);
  const first = Attr.of(MapElem, { mapFd: fd.number, value: next });
  const previous = new Uint8Array(spec.key.size);
  const following = Attr.of(MapElem, { mapFd: fd.number, key: previous, value: next });
  let attr = first;
  let known = 0;
  while (known <= seen.size + PATIENCE && seen.size < Math.max(2 * spec.maxEntries, 1)) {
    void fd.number; // throws if the map was closed while the caller had the last key
    const result = sys.bpf(BpfCmd.BPF_MAP_GET_NEXT_KEY, attr);
    if (result === -errno.ENOENT) return;
    if (result < 0) throw mapError(spec, "next key", -result);
    previous.set(next);
    attr = following;
    const identity = keyIdentity(next);
    if (seen.has(identity)) {
      known++;
      continue;
    }
    known = 0;
    seen.add(identity);
    yield next.slice();
  }
}
