/** The walks over all threads, loaded: costs of what runs longer than the measurement. */
import type { MapRef } from "../../asm/instruction";
import type { Kernel } from "../../bpf/kernel";
import { isPerCpu, type MapSpec } from "../../bpf/map-spec";
import type { Session } from "../../bpf/session";
import { TaskIterator } from "../../bpf/task-iterator";
import { MapFlag } from "../../core/bpf-uapi";
import type { ProcCountProbe } from "./probe";

/** Charges what runs, whenever asked to. */
export interface Settling extends Disposable {
  run(): void;
}

/** Takes in what runs already, unless only COMMAND and its descendants count. */
export function openCosts(
  kernel: Kernel,
  session: Session,
  { cost }: ProcCountProbe,
  follow: boolean,
): Settling {
  if (cost === undefined) return { run: () => {}, [Symbol.dispose]: () => {} };
  const fdOf = (map: MapRef) => loadedMap(session, map as MapSpec).number;
  if (!follow) {
    using begin = TaskIterator.open(kernel, cost.begin, fdOf);
    begin.run();
  }
  return TaskIterator.open(kernel, cost.settle, fdOf);
}

function loadedMap(session: Session, map: MapSpec): { readonly number: number } {
  if ((map.flags & MapFlag.BPF_F_MMAPABLE) !== 0) return session.mappedArray(map as MapSpec<number, unknown>);
  return isPerCpu(map) ? session.perCpuMap(map) : session.map(map);
}
