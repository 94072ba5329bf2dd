/**
 * The library: what `import { … } from "bpfkit"` gives. docs/library.md shows how the parts fit together.
 *
 * A probe is described first (maps, programs, hooks: pure values), then loaded by `Session.open(openKernel(), probe)`,
 * then read. Everything that holds something of the kernel's is disposable with `using`. Importing loads neither the
 * native module nor any command. Classes whose objects only the library makes are exported as types.
 */

export type { Decoded as DecodedProgram, RecordOptions as EmitRecordOptions } from "./asm";
export * from "./asm";
export type { Announcement, Announcements } from "./bpf/announced-changes";
export type { BloomFilter } from "./bpf/bloom-filter";
export type { Btf } from "./bpf/btf/btf";
export { parseBtf } from "./bpf/btf/btf";
export { BtfError } from "./bpf/btf/error";
export type { MemberPlace as BtfMemberPlace } from "./bpf/btf/member";
export type { Prototype as BtfPrototype, RawTracepoint as BtfRawTracepoint } from "./bpf/btf/prototype";
export type {
  BtfType,
  Member as BtfMember,
  NamedKind as BtfNamedKind,
  TypeOfKind as BtfTypeOfKind,
} from "./bpf/btf/type";
export { moduleBtf, requireVmlinuxBtf, vmlinuxBtf } from "./bpf/btf/vmlinux";
export type { KernelFacts, PidNamespace } from "./bpf/facts";
export {
  type FeatureName,
  type FeatureState,
  type Features,
  type Finding,
  featureNames,
  features,
} from "./bpf/features";
export type { Kernel } from "./bpf/kernel";
export type { Link, Means } from "./bpf/link";
export { lpmTrie, type Prefix } from "./bpf/lpm-trie-spec";
export type { BpfMap, UpdateMode } from "./bpf/map";
export type { MapSource } from "./bpf/map-create";
export type { MapDetails } from "./bpf/map-object";
export type { EntryRef, RefOptions } from "./bpf/map-ref";
export {
  arrayMap,
  cgroupArray,
  hashMap,
  isPerCpu,
  lruHashMap,
  lruPerCpuHashMap,
  type MapSpec,
  mappableArray,
  perCpuArrayMap,
  perCpuHashMap,
  perfEventArray,
  type RecordDecoder,
  type RingSpec,
  ringBuffer,
} from "./bpf/map-spec";
export type { AnnouncedOptions, Change, WatchOptions } from "./bpf/map-watch";
export type { MappedArray } from "./bpf/mapped-array";
export type { MappingEvents } from "./bpf/mapping-events";
export { arrayOfMaps, hashOfMaps } from "./bpf/nested-map-spec";
export type { PerfBuffer, TimedRecordOptions } from "./bpf/perf-buffer";
export { type PerfBufferSpec, perfBuffer } from "./bpf/perf-buffer-spec";
export type { Program, ProgramInfo, TestInput, TestResult } from "./bpf/program";
export type {
  BtfRawTracepointHook,
  CgroupEvent,
  CgroupHook,
  Hook,
  KprobeHook,
  KprobeMultiHook,
  ModuleRef,
  PerfEventHook,
  ProbeSpec,
  ProgramSpec,
  RawTracepointHook,
  TracepointHook,
  TracingHook,
  UprobeHook,
  UprobeMultiHook,
} from "./bpf/program-spec";
export type { BpfQueue, QueueOptions, WhenFull } from "./bpf/queue";
export {
  type BloomFilterSpec,
  bloomFilter,
  type QueueSpec,
  queueMap,
  stackMap,
} from "./bpf/queue-spec";
export type { RingBuffer } from "./bpf/ring-buffer";
export type { RecordOptions, RecordVisitor } from "./bpf/ring-records";
export { Session } from "./bpf/session";
export { type StackTraceOptions, stackTraceMap } from "./bpf/stack-trace-spec";
export { taskStorage } from "./bpf/task-storage-spec";
export {
  LocalStorageFlag,
  MapFlag,
  MapType,
  MapUpdate,
  PerfEventFlag,
  RingBufferFlag,
  RingBufferQuery,
  StackFlag,
} from "./core/bpf-uapi";
export {
  type AnyCodec,
  array,
  bytes,
  type Codec,
  count64,
  cstring,
  type Decoded,
  decoded,
  encoded,
  i8,
  i16,
  i32,
  i64,
  type StructCodec,
  struct,
  u8,
  u16,
  u32,
  u64,
  words,
} from "./core/codec";
export { type ErrnoName, errno, errnoName } from "./core/errno";
export {
  BpfkitError,
  type ErrorDetails,
  NotSupportedError,
  PermissionError,
  SyscallError,
  UsageError,
  VerifierError,
} from "./core/errors";
export { counterRate, ewma, type Meter, type Readable, rate, rollingAverage } from "./core/rates";
export { Resources } from "./core/resources";
export { openKernel } from "./open-kernel";
export { type Demangler, demangler } from "./symbols/demangle";
export { ElfError } from "./symbols/elf/error";
export type { JitCode, JitTier } from "./symbols/jit-code";
export {
  hiddenSymbolsHint,
  type Kallsyms,
  type KernelFunction,
  type KernelSymbol,
  loadKallsyms,
  readKallsyms,
} from "./symbols/kallsyms";
export { type MappingEvent, type MappingEventSource, MappingHistory } from "./symbols/mapping-history";
export type { ExecutableMapping } from "./symbols/process-maps";
export {
  type FunctionPlace,
  type ResolvedFunction,
  resolveFunction,
  TargetFile,
  type TargetOptions,
} from "./symbols/resolve-function";
export {
  type Abi,
  nativeAbi,
  type SyscallTable,
  syscallName,
  syscallNumber,
  syscallTable,
} from "./symbols/syscalls";
export { type Unnamed, unnamedReasons } from "./symbols/unnamed";
export {
  type MappedModule,
  type ProcessSymbols,
  type UserSymbol,
  UserSymbols,
  type UserSymbolsOptions,
} from "./symbols/user-symbols";
export { openCxxDemangler } from "./sys/linux";
