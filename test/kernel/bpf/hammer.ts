/** A worker thread that raises a shared counter by compare-and-set, as often as it is told. */
import { parentPort, workerData } from "node:worker_threads";
import { readFacts } from "../../../src/bpf/facts";
import { Kernel } from "../../../src/bpf/kernel";
import { mappableArray } from "../../../src/bpf/map-spec";
import { u64 } from "../../../src/core/codec";
import { openLinux } from "../../../src/sys/linux";

/** The counter, in memory that threads and programs share. */
export const hammered = mappableArray("hammered", u64, 1);

/** What a worker is told. */
export interface Task {
  readonly map: number;
  readonly times: number;
}

function hammer({ map, times }: Task): number {
  using array = new Kernel(openLinux(), readFacts()).openMappedArray(hammered, { id: map });
  using counter = array.ref(0);
  let refused = 0;
  for (let done = 0; done < times; ) {
    const seen = counter.get();
    if (counter.compareAndSet(seen, seen + 1n)) done++;
    else refused++;
  }
  return refused;
}

parentPort?.once("message", () => parentPort?.postMessage(hammer(workerData as Task)));
