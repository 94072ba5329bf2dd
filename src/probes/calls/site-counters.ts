/** What is counted per site, in mapped memory: a place for each site and shard of the processors. Never full. Pure but for reading. */
import { add, and, mov, mul } from "../../asm/alu";
import { helper } from "../../asm/helper-ids";
import { type Block, label } from "../../asm/instruction";
import { call, jump } from "../../asm/jump";
import { lookup } from "../../asm/macros/map";
import { store } from "../../asm/memory";
import { fp, type Register, r0, r5 } from "../../asm/register";
import { type MapSpec, mappableArray, strideOf } from "../../bpf/map-spec";
import type { Session } from "../../bpf/session";
import { addEvent, addStats, type EventRegisters, type Stats, type StatsParts, statsCodec } from "../stats";

/** Memory for the counters at most; beyond it processors share places. */
const MOST_BYTES = 64 * 1024 * 1024;

export interface SiteCounters {
  readonly map: MapSpec<number, Stats>;
  readonly sites: number;
  readonly shards: number;
}

/** Lays out counters for `sites` sites. */
export function siteCounters(sites: number, parts: StatsParts, cpus: number): SiteCounters {
  const value = statsCodec(parts);
  const most = Math.max(1, Math.floor(MOST_BYTES / (sites * value.size)));
  const shards = 2 ** Math.floor(Math.log2(Math.min(2 ** Math.ceil(Math.log2(cpus)), most)));
  return { map: mappableArray("site_counters", value, sites * shards), sites, shards };
}

/** Adds an event to the site in `site`, a register that calls keep. `stack` names the end of 8 bytes. Loses r0–r5. */
export function addToSite(
  { map, sites, shards }: SiteCounters,
  site: Register,
  event: EventRegisters,
  stack: number,
): Block {
  const none = label("no_site");
  const key = stack - 8;
  return [
    shards === 1 ? mov(r0, 0) : [call(helper.getSmpProcessorId), and(r0, shards - 1), mul(r0, sites)],
    [add(r0, site), store(8, fp, key, r0), lookup(map, key), jump.eq(r0, 0, none)],
    [mov(r5, r0), addEvent(r5, event)],
    none,
  ];
}

/** What each site has counted since the tracing began. */
export function readSites({ map, sites, shards }: SiteCounters, session: Session): Stats[] {
  const { view } = session.mappedArray(map);
  const stride = strideOf(map);
  return Array.from({ length: sites }, (_, site) => {
    const places = Array.from({ length: shards }, (_none, shard) =>
      map.value.decode(view, (shard * sites + site) * stride),
    );
    return places.reduce(addStats);
  });
}
