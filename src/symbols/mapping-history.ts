/** What processes have mapped, put together from events: for those that have ended before anybody could look. */
import { type ExecutableMapping, mappingOf, ProcessMaps } from "./process-maps";

/** Something that changes which executable memory a process has. */
export type MappingEvent =
  /** A new process, with the memory of its parent. */
  | { readonly kind: "fork"; readonly pid: number; readonly parent: number }
  /** Another program: all of the memory is gone. */
  | { readonly kind: "exec"; readonly pid: number }
  | {
      readonly kind: "map";
      readonly pid: number;
      readonly start: number;
      readonly end: number;
      readonly offset: number;
      readonly device: string;
      readonly inode: bigint;
      /** As /proc/PID/maps has it. */
      readonly name: string;
    };

/** Where events come from: `Kernel.watchMappings`. */
export interface MappingEventSource extends Disposable {
  /** What has come since the last time, in the order it happened. */
  drain(): readonly MappingEvent[];
  /** How much of the room for them is taken, from 0 to 1. */
  readonly filled: number;
  /** How many found none. */
  readonly lost: number;
}

/** Processes that are remembered, the ones that came last. */
const MOST_PROCESSES = 8192;
/** Of one process: code that is loaded and thrown away again and again is told of each time. */
const MOST_MAPPINGS = 1024;

/** Which executable memory processes have, or had when they ended: for `UserSymbols`. */
export class MappingHistory implements Disposable {
  /** By process. The lists are shared by parents and children until one of them changes, and never written to. */
  private readonly processes = new Map<number, readonly ExecutableMapping[]>();
  private readonly maps = new WeakMap<readonly ExecutableMapping[], ProcessMaps>();
  private readonly mapped = new Set<number>();

  /** Takes the events over. */
  constructor(private readonly events: MappingEventSource) {}

  /** Takes in what has happened: often enough, or the kernel has no room for more. */
  catchUp(): void {
    for (const event of this.events.drain()) this.apply(event);
  }

  /** The processes that have mapped code since the last call. */
  takeMapped(): number[] {
    const mapped = [...this.mapped];
    this.mapped.clear();
    return mapped;
  }

  /** How much of the room for what has happened is taken, from 0 to 1. */
  get filled(): number {
    return this.events.filled;
  }

  /** How many events have been lost. */
  get lost(): number {
    return this.events.lost;
  }

  /**
   * What a process had mapped, as far as events have told: the same object until they tell more. Undefined where they
   * have told nothing.
   */
  mapsOf(pid: number): ProcessMaps | undefined {
    this.catchUp();
    const mappings = this.processes.get(pid) ?? [];
    if (mappings.length === 0) return undefined;
    const maps = this.maps.get(mappings) ?? ProcessMaps.of(mappings);
    this.maps.set(mappings, maps);
    return maps;
  }

  [Symbol.dispose](): void {
    this.events[Symbol.dispose]();
  }

  private apply(event: MappingEvent): void {
    const { pid } = event;
    const known = this.processes.get(pid) ?? [];
    // The latest is the last to be forgotten.
    this.processes.delete(pid);
    if (event.kind === "map") {
      const { start, end } = event;
      this.mapped.add(pid);
      const others = known.filter((mapping) => mapping.end <= start || mapping.start >= end);
      this.processes.set(pid, [...others.slice(1 - MOST_MAPPINGS), mappingOf(event)]);
    } else this.processes.set(pid, event.kind === "fork" ? (this.processes.get(event.parent) ?? []) : []);
    const [oldest] = this.processes.keys();
    if (this.processes.size > MOST_PROCESSES && oldest !== undefined) {
      this.processes.delete(oldest);
      this.mapped.delete(oldest);
    }
  }
}
