import { MapType } from "../core/bpf-uapi";
import { errno, errnoName } from "../core/errno";
import { NotSupportedError, SyscallError } from "../core/errors";

/** What there is to say about a map in a message. */
export interface MapFacts {
  readonly name: string;
  /** BPF_MAP_TYPE_* */
  readonly type: number;
  readonly maxEntries: number;
}

const INDEXED: readonly number[] = [
  MapType.BPF_MAP_TYPE_ARRAY,
  MapType.BPF_MAP_TYPE_PERCPU_ARRAY,
  MapType.BPF_MAP_TYPE_ARRAY_OF_MAPS,
  MapType.BPF_MAP_TYPE_CGROUP_ARRAY,
  MapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
];

/** What a failed operation on a map means: a NotSupportedError or a SyscallError, with advice where there is some. */
export function mapError(spec: MapFacts, operation: string, code: number): Error {
  const call = `map "${spec.name}" ${operation}`;
  if (code === errno.ENOTSUPP || code === errno.EOPNOTSUPP)
    return new NotSupportedError(`${call}: not possible on a map of this type`, {
      cause: new SyscallError(call, code),
    });
  return new SyscallError(call, code, { hint: hintFor(spec, code) });
}

function hintFor(spec: MapFacts, code: number): string | undefined {
  switch (errnoName(code)) {
    case "E2BIG":
      return INDEXED.includes(spec.type)
        ? `its indices are 0 to ${spec.maxEntries - 1}`
        : `the map is full: it has ${spec.maxEntries} entries`;
    case "ENOSPC":
      return `the map is full: it has ${spec.maxEntries} entries`;
    case "EPERM":
      return "the map is frozen or was opened read-only";
    case "EBUSY":
      return "the map is mapped for writing, or frozen already";
    default:
      return undefined;
  }
}

/** Runs an encoder and says which map the wrong value was meant for. */
export function naming<T>(spec: MapFacts, part: string, encode: () => T): T {
  try {
    return encode();
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) {
      const Kind = error instanceof RangeError ? RangeError : TypeError;
      throw new Kind(`map "${spec.name}" ${part}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}
