/**
 * The members of `union bpf_attr`, as structs: what each bpf(2) command takes.
 * Source: include/uapi/linux/bpf.h. A shorter block than the kernel knows is read as zero-filled, a
 * longer one is accepted by older kernels as long as the rest is zero.
 */
import { bytes, cstring, i32, struct, u32, u64 } from "../core/codec";

/** BPF_OBJ_NAME_LEN: names are cut to 15 bytes and a NUL. */
export const OBJ_NAME_LEN = 16;

export const MapCreate = struct({
  mapType: u32,
  keySize: u32,
  valueSize: u32,
  maxEntries: u32,
  mapFlags: u32,
  innerMapFd: u32,
  numaNode: u32,
  mapName: cstring(OBJ_NAME_LEN),
  mapIfindex: u32,
  btfFd: u32,
  btfKeyTypeId: u32,
  btfValueTypeId: u32,
  btfVmlinuxValueTypeId: u32,
  mapExtra: u64,
});

/** BPF_MAP_{LOOKUP,UPDATE,DELETE,LOOKUP_AND_DELETE}_ELEM, BPF_MAP_GET_NEXT_KEY (value is the next key), BPF_MAP_FREEZE */
export const MapElem = struct({ mapFd: u32, key: u64, value: u64, flags: u64 });

export const MapBatch = struct({
  inBatch: u64,
  outBatch: u64,
  keys: u64,
  values: u64,
  count: u32,
  mapFd: u32,
  elemFlags: u64,
  flags: u64,
});

export const ProgLoad = struct({
  progType: u32,
  insnCnt: u32,
  insns: u64,
  license: u64,
  logLevel: u32,
  logSize: u32,
  logBuf: u64,
  kernVersion: u32,
  progFlags: u32,
  progName: cstring(OBJ_NAME_LEN),
  progIfindex: u32,
  expectedAttachType: u32,
  progBtfFd: u32,
  funcInfoRecSize: u32,
  funcInfo: u64,
  funcInfoCnt: u32,
  lineInfoRecSize: u32,
  lineInfo: u64,
  lineInfoCnt: u32,
  attachBtfId: u32,
  attachBtfObjFd: u32,
  coreReloCnt: u32,
  fdArray: u64,
});

/** `struct bpf_func_info` */
export const FuncInfo = struct({ insnOff: u32, typeId: u32 });

export const ObjPin = struct({ pathname: u64, bpfFd: u32, fileFlags: u32 });

export const TestRun = struct({
  progFd: u32,
  retval: u32,
  dataSizeIn: u32,
  dataSizeOut: u32,
  dataIn: u64,
  dataOut: u64,
  repeat: u32,
  duration: u32,
  ctxSizeIn: u32,
  ctxSizeOut: u32,
  ctxIn: u64,
  ctxOut: u64,
  flags: u32,
  cpu: u32,
});

/** BPF_*_GET_FD_BY_ID and BPF_*_GET_NEXT_ID */
export const ObjId = struct({ id: u32, nextId: u32, openFlags: u32 });

export const ObjInfo = struct({ bpfFd: u32, infoLen: u32, info: u64 });

export const RawTracepointOpen = struct({ name: u64, progFd: u32 });

/** What every BPF_LINK_CREATE begins with; the rest is a union by attach type. */
const linkHead = { progFd: u32, targetFd: i32, attachType: u32, flags: u32 };

/** BPF_LINK_CREATE with the perf_event member of its union. */
export const LinkCreate = struct({ ...linkHead, bpfCookie: u64 });

/** BPF_LINK_CREATE with the tracing member. */
export const LinkCreateTracing = struct({ ...linkHead, targetBtfId: u32, cookie: u64 });

/** BPF_LINK_CREATE with the kprobe_multi member. */
export const LinkCreateKprobeMulti = struct({
  ...linkHead,
  multiFlags: u32,
  cnt: u32,
  syms: u64,
  addrs: u64,
  cookies: u64,
});

/** BPF_LINK_CREATE with the uprobe_multi member. */
export const LinkCreateUprobeMulti = struct({
  ...linkHead,
  path: u64,
  offsets: u64,
  refCtrOffsets: u64,
  cookies: u64,
  cnt: u32,
  multiFlags: u32,
  pid: u32,
});

/** What `struct bpf_link_info` begins with, before a union by the link's type. */
const linkInfoHead = { type: u32, id: u32, progId: u32, pad: u32 };

/** Its kprobe_multi member. `missed` since Linux 6.7. */
export const KprobeMultiInfo = struct({ ...linkInfoHead, addrs: u64, count: u32, flags: u32, missed: u64 });

/** Its perf_event member for kprobes. `missed` since Linux 6.7. */
export const KprobeInfo = struct({
  ...linkInfoHead,
  ...{ eventType: u32, eventPad: u32, name: u64, nameLen: u32, offset: u32, address: u64, missed: u64 },
});

/** BPF_PROG_ATTACH and BPF_PROG_DETACH */
export const ProgAttach = struct({ targetFd: u32, progFd: u32, attachType: u32, attachFlags: u32 });

export const BtfLoad = struct({ btf: u64, btfLogBuf: u64, btfSize: u32, btfLogSize: u32, btfLogLevel: u32 });

export const EnableStats = struct({ type: u32 });

/** `struct bpf_prog_info`, up to what bpfkit reads. */
export const ProgInfo = struct({
  type: u32,
  id: u32,
  tag: bytes(8),
  jitedProgLen: u32,
  xlatedProgLen: u32,
  jitedProgInsns: u64,
  xlatedProgInsns: u64,
  loadTime: u64,
  createdByUid: u32,
  nrMapIds: u32,
  mapIds: u64,
  name: cstring(OBJ_NAME_LEN),
  ifindex: u32,
  gplCompatible: u32,
  netnsDev: u64,
  netnsIno: u64,
  nrJitedKsyms: u32,
  nrJitedFuncLens: u32,
  jitedKsyms: u64,
  jitedFuncLens: u64,
  btfId: u32,
  funcInfoRecSize: u32,
  funcInfo: u64,
  nrFuncInfo: u32,
  nrLineInfo: u32,
  lineInfo: u64,
  jitedLineInfo: u64,
  nrJitedLineInfo: u32,
  lineInfoRecSize: u32,
  jitedLineInfoRecSize: u32,
  nrProgTags: u32,
  progTags: u64,
  /** Nanoseconds spent in the program, while statistics are on. Since Linux 5.1. */
  runTimeNs: u64,
  runCnt: u64,
  /** Runs skipped because the program was active on that CPU already. Since Linux 5.12. */
  recursionMisses: u64,
});

/** `struct bpf_map_info` */
export const MapInfo = struct({
  type: u32,
  id: u32,
  keySize: u32,
  valueSize: u32,
  maxEntries: u32,
  mapFlags: u32,
  name: cstring(OBJ_NAME_LEN),
  ifindex: u32,
  btfVmlinuxValueTypeId: u32,
  netnsDev: u64,
  netnsIno: u64,
  btfId: u32,
  btfKeyTypeId: u32,
  btfValueTypeId: u32,
  btfVmlinuxId: u32,
  mapExtra: u64,
});

/** `struct bpf_btf_info` */
export const BtfInfo = struct({ btf: u64, btfSize: u32, id: u32, name: u64, nameLen: u32, kernelBtf: u32 });
