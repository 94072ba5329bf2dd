/**
 * How many calls the filters turned away: a cache line for each shard of the processors, so that counting costs them
 * little. Pure but for reading.
 */
import { add, and, lsh, mov } from "../../asm/alu";
import { atomicAdd } from "../../asm/atomic";
import { helper } from "../../asm/helper-ids";
import { type Block, type Label, label } from "../../asm/instruction";
import { call, jump } from "../../asm/jump";
import { loadMapValue } from "../../asm/memory";
import { r0, r1, r2 } from "../../asm/register";
import { type MapSpec, mappableArray } from "../../bpf/map-spec";
import type { Session } from "../../bpf/session";
import { bytes } from "../../core/codec";
import { wordAt } from "../histogram";

const LINE_SHIFT = 6;
const LINE = 2 ** LINE_SHIFT;
/** Beyond these, processors share lines. */
const MOST_SHARDS = 64;

export interface FilteredCalls {
  readonly map: MapSpec<number, Uint8Array>;
  readonly shards: number;
}

export function filteredCalls(cpus: number): FilteredCalls {
  const shards = 2 ** Math.ceil(Math.log2(Math.min(cpus, MOST_SHARDS)));
  return { map: mappableArray("filtered_calls", bytes(shards * LINE), 1), shards };
}

/**
 * The block that `filters` gives for a label, with the calls that go there counted before they go to `drop`. Loses
 * r0–r5.
 */
export function countingFiltered(
  { map, shards }: FilteredCalls,
  drop: Label,
  filters: (filtered: Label) => Block,
): Block {
  const filtered = label("filtered");
  const kept = label("kept");
  const block = filters(filtered);
  if (isEmpty(block)) return [];
  const place = [call(helper.getSmpProcessorId), and(r0, shards - 1), lsh(r0, LINE_SHIFT)];
  return [
    [block, jump.always(kept)],
    [filtered, shards === 1 ? mov(r0, 0) : place, loadMapValue(r1, map), add(r1, r0)],
    [mov(r2, 1), atomicAdd(8, r1, 0, r2), jump.always(drop)],
    kept,
  ];
}

function isEmpty(block: Block): boolean {
  return Array.isArray(block) && block.every(isEmpty);
}

/** How many there were since the tracing began. */
export function readFiltered({ map, shards }: FilteredCalls, session: Session): number {
  const { view } = session.mappedArray(map);
  return Array.from({ length: shards }, (_, shard) => wordAt(view, shard * LINE)).reduce((a, b) => a + b);
}
