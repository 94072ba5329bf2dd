/** Numbers and layouts of perf_event_open(2). Source: include/uapi/linux/perf_event.h */
import { i32, struct, u16, u32, u64 } from "../core/codec";

/** `struct perf_event_attr` as of Linux 4.1 (PERF_ATTR_SIZE_VER5), which every later kernel takes. */
export const PerfEventAttr = struct({
  type: u32,
  size: u32,
  config: u64,
  /** Or a frequency in Hz, with the flag `freq`. */
  samplePeriod: u64,
  sampleType: u64,
  readFormat: u64,
  /** A bit field: `PerfFlag`. */
  flags: u64,
  wakeupEvents: u32,
  bpType: u32,
  /** For probes: the function's name or the file's path. */
  config1: u64,
  /** For probes: the offset in it. */
  config2: u64,
  branchSampleType: u64,
  sampleRegsUser: u64,
  sampleStackUser: u32,
  clockid: i32,
  sampleRegsIntr: u64,
  auxWatermark: u32,
  sampleMaxStack: u16,
  reserved: u16,
});

/** `enum perf_type_id` */
export const PerfType = Object.freeze({ hardware: 0, software: 1, tracepoint: 2 });

/** `enum perf_sw_ids` */
export const SoftwareClock = Object.freeze({ "cpu-clock": 0, "task-clock": 1 });

/** PERF_COUNT_SW_BPF_OUTPUT of `enum perf_sw_ids`: what bpf_perf_event_output writes to. Since Linux 4.4. */
export const BPF_OUTPUT = 10;

/** PERF_COUNT_SW_DUMMY of `enum perf_sw_ids`: counts nothing, and tells what its flags ask for. Since Linux 3.12. */
export const DUMMY = 9;

/** Bits of `PerfEventAttr.sampleType`, `enum perf_event_sample_format`. */
export const PerfSample = Object.freeze({ time: 1n << 2n, raw: 1n << 10n });

/** `enum perf_event_type`, as far as it is read. */
export const PerfRecord = Object.freeze({ lost: 2, comm: 3, fork: 7, sample: 9, mmap2: 10 });

/** PERF_RECORD_MISC_COMM_EXEC: a task has its name from an execve. */
export const COMM_EXEC = 1 << 13;

/** `struct perf_event_header` in front of each record: u32 type, u16 misc, u16 size. */
export const PerfHeader = struct({ type: u32, misc: u16, size: u16 });

/** Where the positions stand in the first page of a mapped event, `struct perf_event_mmap_page`, in bytes. */
export const PerfPage = Object.freeze({ dataHead: 1024, dataTail: 1032 });

/** Bits of `PerfEventAttr.flags`. */
export const PerfFlag = Object.freeze({
  disabled: 1n << 0n,
  /** Tell of executable memory that is mapped. */
  mmap: 1n << 8n,
  /** Tell of names. */
  comm: 1n << 9n,
  freq: 1n << 10n,
  /** Tell of forks and ends. */
  task: 1n << 13n,
  /** End every record with what `sampleType` asks for. */
  sampleIdAll: 1n << 18n,
  /** With the file's device and inode. */
  mmap2: 1n << 23n,
  commExec: 1n << 24n,
});

/** `PERF_EVENT_IOC_*`: _IO('$', 0), _IO('$', 1), _IOW('$', 8, __u32). */
export const PerfIoctl = Object.freeze({ enable: 0x2400, disable: 0x2401, setBpf: 0x40042408 });
