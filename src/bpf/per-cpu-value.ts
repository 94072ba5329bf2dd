import type { Codec } from "../core/codec";
import { isPerCpu, type MapSpec, strideOf } from "./map-spec";

/** The codec of what user space reads for one entry: on per-CPU maps an array over the possible CPUs. */
export function entryCodec<V>(spec: MapSpec<unknown, V>, cpus: number): Codec<V> | Codec<V[]> {
  return isPerCpu(spec) ? perCpuValue(spec.value, cpus) : spec.value;
}

/** One value per CPU, each in a slot rounded up to eight bytes, as the kernel copies them. */
function perCpuValue<V>(value: Codec<V>, cpus: number): Codec<V[]> {
  const slot = strideOf({ value });
  return {
    size: slot * cpus,
    align: 8,
    decode: (view, at) => Array.from({ length: cpus }, (_, cpu) => value.decode(view, at + cpu * slot)),
    encode: (view, at, all) => {
      if (all.length !== cpus) throw new RangeError(`${all.length} values, this machine has ${cpus} CPUs`);
      all.forEach((item, cpu) => {
        value.encode(view, at + cpu * slot, item);
      });
    },
  };
}
