/** The blueprint of a perf buffer: a perf event array, and behind each of its places a ring for one CPU. */
import { copied, type MapSpec, perfEventArray, type RecordDecoder } from "./map-spec";

/** A perf buffer's blueprint: what `Kernel.createPerfBuffer` takes. */
export interface PerfBufferSpec<R = unknown> extends MapSpec<number, number> {
  /** Bytes of the ring of each CPU. */
  readonly bytesPerCpu: number;
  readonly record: RecordDecoder<R>;
}

/** The map gets a place for each CPU there may be, which only the machine knows. */
const ONE_PER_CPU = 0;

/**
 * Records that programs write with bpf_perf_event_output and the flag BPF_F_CURRENT_CPU, in order for each CPU but not
 * between them: for kernels before 5.8, which have no ring buffer, and for what only this helper can send, such as the
 * packet behind a context. `bytesPerCpu` is a power of two and whole pages. The kernel rounds records up: 4 bytes more
 * than a multiple of 8, so up to 7 bytes follow what the program wrote. When a ring is full the helper returns −ENOSPC,
 * and the ring counts. Since Linux 4.4.
 */
export function perfBuffer(name: string, bytesPerCpu: number): PerfBufferSpec<Uint8Array>;
export function perfBuffer<R>(name: string, bytesPerCpu: number, record: RecordDecoder<R>): PerfBufferSpec<R>;
export function perfBuffer<R>(
  name: string,
  bytesPerCpu: number,
  record?: RecordDecoder<R>,
): PerfBufferSpec<R | Uint8Array> {
  return { ...perfEventArray(name, ONE_PER_CPU), bytesPerCpu, record: record ?? copied };
}
