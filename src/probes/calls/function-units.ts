/** Which functions one program serves: those whose programs are the same but for the number of the function. Pure. */
import { assemble } from "../../asm/assemble";
import type { MapSpec } from "../../bpf/map-spec";
import type { ProgramSpec, UprobeMultiHook } from "../../bpf/program-spec";
import type { FunctionSite } from "./function-calls";
import { type FunctionWay, isShared, joinHooks } from "./function-ways";

/** Functions that are attached together, all or none, by the first of their ways. */
export interface FunctionUnit {
  readonly sites: readonly FunctionSite[];
  /** In the order they are to be attached. */
  readonly programs: readonly ProgramSpec[];
}

/** Sites whose programs are the same are served by one of each, where their way allows for that. */
export function groupUnits(
  sites: readonly FunctionSite[],
  programs: (site: FunctionSite) => readonly ProgramSpec[],
): FunctionUnit[] {
  const groups = new Map<string, { sites: FunctionSite[]; programs: (readonly ProgramSpec[])[] }>();
  for (const site of sites) {
    const own = programs(site);
    const key = isShared(site.ways[0] as FunctionWay) ? own.map(identityOf).join() : String(site.site);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { sites: [site], programs: [own] });
    else {
      group.sites.push(site);
      group.programs.push(own);
    }
  }
  return [...groups.values()].map(({ sites: grouped, programs: alike }) => ({
    sites: grouped,
    programs: joinPrograms(grouped, alike),
  }));
}

function joinPrograms(
  sites: readonly FunctionSite[],
  alike: readonly (readonly ProgramSpec[])[],
): readonly ProgramSpec[] {
  const [first = []] = alike;
  if (!isShared(sites[0]?.ways[0] as FunctionWay)) return first;
  const cookies = sites.map(({ site }) => site);
  return first.map((program, i) => {
    const hooks = alike.map((programs) => (programs[i] as ProgramSpec).hook);
    return { ...program, hook: joinHooks(hooks, cookies) };
  });
}

/** What two programs have in common when one can stand for both: code, maps, and all of the hook but its functions. */
function identityOf({ hook, code }: ProgramSpec): string {
  const { bytes, maps } = assemble(code);
  const { kind, atReturn, path, pid } = hook as Partial<UprobeMultiHook>;
  const relocations = maps.map(({ slot, map }) => [slot, (map as MapSpec).name]);
  return JSON.stringify([kind, atReturn, path, pid, relocations, Buffer.from(bytes).toString("latin1")]);
}
