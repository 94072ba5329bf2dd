/** From a map's blueprint to its descriptor. */
import { BpfCmd } from "../core/bpf-uapi";
import { errno } from "../core/errno";
import { NotSupportedError, SyscallError, UsageError } from "../core/errors";
import { Resources } from "../core/resources";
import { Attr } from "../sys/attr";
import type { Access } from "./access";
import { MapCreate, ObjId } from "./attr-layouts";
import { btfForMap } from "./btf/map-btf";
import { loadBtf } from "./btf-object";
import { Fd } from "./fd";
import { mapDetails } from "./map-object";
import type { MapSpec } from "./map-spec";
import { openPinned } from "./pin";

/** What the kernel takes as the name of a map or a program. */
const OBJECT_NAME = /^[A-Za-z0-9_.]{1,15}$/;

/** Throws a UsageError for a name the kernel would refuse. */
export function checkObjectName(what: string, name: string): void {
  if (!OBJECT_NAME.test(name))
    throw new UsageError(`${what} "${name}": a name is 1 to 15 letters, digits, "_" and "."`);
}

/** Creates a map. What the kernel only needs to know at creation is closed again. */
export function createMapFd(access: Access, spec: MapSpec): Fd {
  checkObjectName("map", spec.name);
  using needed = new Resources();
  const { sys } = access;
  const btf = spec.needsBtf ? btfForMap(spec.key, spec.value) : undefined;
  const attr = Attr.of(MapCreate, {
    mapType: spec.type,
    keySize: spec.key.size,
    valueSize: spec.value.size,
    maxEntries: spec.maxEntries,
    mapFlags: spec.flags,
    mapName: spec.name,
    mapExtra: spec.extra,
    innerMapFd: spec.inner && needed.use(createMapFd(access, spec.inner)).number,
    btfFd: btf && needed.use(loadBtf(access, btf.bytes)).number,
    btfKeyTypeId: btf?.keyTypeId,
    btfValueTypeId: btf?.valueTypeId,
  });
  const fd = access.withMemoryLock(() => sys.bpf(BpfCmd.BPF_MAP_CREATE, attr));
  if (fd < 0) throw refused(access, spec, -fd);
  return new Fd(sys, fd, `map "${spec.name}"`);
}

function refused(access: Access, spec: MapSpec, code: number): Error {
  const size = `${spec.maxEntries} entries of ${spec.key.size} and ${spec.value.size} bytes`;
  const hint =
    code === errno.ENOMEM || code === errno.E2BIG
      ? `too large: ${size}`
      : code === errno.EINVAL
        ? `map type ${spec.type} with ${size}: this kernel does not know the type, or does not take these sizes`
        : undefined;
  return access.refusal(`create map "${spec.name}"`, code, hint);
}

/** Where a map that exists already is found: under a path in a bpffs, or by the id the kernel gave it. */
export type MapSource = { readonly pinned: string } | { readonly id: number };

/** Opens an existing map and makes sure that it is what the blueprint says. */
export function openMapFd({ sys }: Access, spec: MapSpec, source: MapSource): Fd {
  const what = `map "${spec.name}"`;
  using opened = new Resources();
  const fd = opened.use(new Fd(sys, openSource(), what));
  const found = mapDetails(sys, what, fd.number);
  const facts: [string, number, number][] = [
    ["type", found.type, spec.type],
    ["key size", found.keySize, spec.key.size],
    ["value size", found.valueSize, spec.value.size],
    ["number of entries", found.maxEntries, spec.maxEntries],
  ];
  for (const [fact, is, expected] of facts)
    if (is !== expected)
      throw new UsageError(`${what} of the kernel ("${found.name}"): its ${fact} is ${is}, not ${expected}`);
  opened.move();
  return fd;

  function openSource(): number {
    if ("pinned" in source) return openPinned(sys, what, source.pinned);
    const number = sys.bpf(BpfCmd.BPF_MAP_GET_FD_BY_ID, Attr.of(ObjId, { id: source.id }));
    if (number === -errno.ENOENT)
      throw new NotSupportedError(`${what}: there is no map with id ${source.id}`);
    if (number < 0) throw new SyscallError(`${what} with id ${source.id}`, -number);
    return number;
  }
}
