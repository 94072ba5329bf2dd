/** Reads what the programs have counted, and makes a profile of what has come since the last time. */
import type { MapSpec } from "../../bpf/map-spec";
import type { Session } from "../../bpf/session";
import { NS_PER } from "../../core/units";
import type { Frame, Profile, WeightUnit } from "../../output/stacks/profile";
import { ProfileBuilder } from "../../output/stacks/profile-builder";
import { type Away, type OffCpu, type OffCpuState, offCpuState } from "../off-cpu";
import { RingPace } from "../ring-pace";
import type { StackSamples } from "../stack-samples";
import { readStackLosses, type StackStore, TIPS_PER_STACK } from "../stack-store";
import {
  type Announcement,
  ON_CPU,
  readTallyLosses,
  type StackDimension,
  type StackTally,
  userStacks,
} from "../stack-tally";
import { type CountedStacks, CountedStacksReader, type Entry } from "./counted-stacks";
import { type GroupNames, groupLabel } from "./group-label";
import { KernelNames } from "./kernel-names";
import { LEARNING_NS, paceOf } from "./pace";
import { CountsSince } from "./since-last";
import { isInterrupt, marker, StackPaths, wakerOf } from "./stack-paths";
import { UnnamedFrames } from "./unnamed-frames";
import { UnwoundStacks } from "./unwound-stacks";
import type { UserNames } from "./user-names";

/** What is profiled: the time on processors, off them, off them by who ends it, or both; or what leads to an event. */
export type Measure = "cpu" | "off-cpu" | "wakeup" | "wall" | "event";

/** True where tasks are followed when they leave their processors. */
export function hasWaits(measure: Measure): boolean {
  return measure === "off-cpu" || measure === "wakeup" || measure === "wall";
}

/** True where a clock takes stacks, at any instruction. */
export function hasClock(measure: Measure): boolean {
  return measure === "cpu" || measure === "wall";
}

/** Where the results of a probe that counts stacks lie. */
export interface StackCounting {
  readonly store: StackStore;
  readonly tally: StackTally;
  /** All ticks of the clock by processor, those included that do not count. */
  readonly ticks?: MapSpec<number, number> | undefined;
  readonly off?: OffCpu | undefined;
  /** Where samples come one by one. */
  readonly samples?: StackSamples | undefined;
}

/** The clock that waits between two looks. */
interface Waiting {
  sleep(ns: number, signal: AbortSignal): Promise<void>;
}

export interface CollectorOptions {
  readonly measure: Measure;
  /** Show who ended each wait, too. */
  readonly waker: boolean;
  /** Show the kernel's half of stacks. */
  readonly kernel: boolean;
  /** Of the weights. */
  readonly unit: WeightUnit;
  readonly by: StackDimension;
  readonly frequency: number;
  readonly states: readonly OffCpuState[] | undefined;
  readonly minNs: number;
  readonly title: string;
  /** Different stacks there is room for; a clock's by their callers. */
  readonly maxStacks: number;
  /** `process.arch` */
  readonly arch: string;
  /** What stands on top of the stacks of a site, where sites are told apart: what was called, if no frame says so. */
  tip?(site: number): string | undefined;
}

/** A stretch of the run. */
export interface Stretch {
  readonly startedAt: Date;
  readonly durationNs: number;
  /** CLOCK_MONOTONIC at its end. */
  readonly endNs: bigint;
  /** The programs are detached: what is still off its processor is charged now. */
  readonly last: boolean;
}

export class Collector {
  private readonly kernelNames = new KernelNames();
  private readonly paths: StackPaths;
  private readonly interrupts = new Map<bigint, boolean>();
  private readonly counted: CountedStacksReader;
  private readonly counts = new CountsSince();
  /** Samples that come one by one. */
  private readonly unwound: UnwoundStacks | undefined;

  constructor(
    private readonly session: Session,
    private readonly probe: StackCounting,
    private readonly userNames: UserNames,
    private readonly groupNames: GroupNames,
    private readonly options: CollectorOptions,
  ) {
    this.paths = new StackPaths(this.kernelNames, userNames, options.kernel);
    this.counted = new CountedStacksReader(session, probe.store, probe.tally, probe.off);
    const { arch, measure } = options;
    const maxStacks = options.maxStacks * (hasClock(measure) ? TIPS_PER_STACK : 1);
    if (probe.samples !== undefined)
      this.unwound = new UnwoundStacks(session, probe.samples, userNames, maxStacks, arch, (kernel) =>
        this.beginsWithInterrupt(kernel),
      );
  }

  /** Looks at processes when they are met for the first time, until `over`: they may not live long. */
  async follow(clock: Waiting, over: AbortSignal): Promise<void> {
    const announcements = this.session.ringBuffer(this.probe.tally.announcements);
    const meeting = async () => {
      for await (const batch of announcements.batches({ signal: over, wake: "event" })) this.meet(batch);
    };
    const taking = async () => {
      const pace = new RingPace(paceOf(this.options.measure, this.probe.samples));
      while (!over.aborted) {
        const pauseNs = pace.next(Math.max(this.unwound?.filled ?? 0, this.userNames.filled));
        this.userNames.catchUp();
        this.unwound?.drain();
        await clock.sleep(this.unwound?.isLearning ? Math.min(pauseNs, LEARNING_NS) : pauseNs, over);
      }
    };
    await Promise.all([meeting(), taking()]);
  }

  /** Looks at processes now. */
  meet(announced: readonly Announcement[]): void {
    for (const { pid, comm } of announced) this.userNames.meet(pid, comm);
  }

  /** Does beforehand what takes its time. */
  prepare(): Promise<void> {
    return this.userNames.unpack();
  }

  /** Reads the kernel's symbols, which `collect` does otherwise; it takes 0.1 s. */
  async loadKernelNames(): Promise<void> {
    if (this.options.kernel) await this.kernelNames.load();
  }

  /** The profile of a stretch, and how often the clock ticked in it on all processors together. */
  collect(stretch: Stretch): { profile: Profile; ticks: number } {
    const { session, probe, options } = this;
    const ticks = this.ticksSince();
    const { entries, walked, off } = this.counted.read(() => this.unwound?.drain());
    this.meet(session.ringBuffer(probe.tally.announcements).drain());
    const changed = [...entries, ...(this.unwound?.takeEntries() ?? [])];
    const walkedUser = entries.reduce((sum, [key, { count }]) => sum + count * userStacks(key), 0);
    if (stretch.last && off !== undefined) changed.push(...this.stillAway(off.away, stretch));
    const builder = new ProfileBuilder();
    const unnamed = new UnnamedFrames();
    this.fill(builder, changed, walked, unnamed);
    this.unwound?.forget();
    this.interrupts.clear();
    const { unwalkable, stacksFull, collisions, truncated } = readStackLosses(probe.store, session);
    const { mapFull, mapBusy } = readTallyLosses(probe.tally, session);
    const lost = this.counts.since({
      mapFull,
      mapBusy,
      stacksFull: stacksFull + (this.unwound?.full ?? 0),
      collisions,
      unwalkable: unwalkable + (this.unwound?.unwalkable ?? 0),
      ...(off === undefined ? {} : { tasksFull: off.tasksFull }),
      ...(this.unwound === undefined ? {} : { samplesFull: this.unwound.lost }),
      missedRuns: session.recursionMisses(),
    });
    const incomplete = this.counts.since({ truncated, missed: this.userNames.missed });
    const profile = builder.build({
      title: options.title,
      measure: options.measure,
      unit: options.unit,
      periodNs: probe.ticks === undefined ? undefined : Math.round(NS_PER.s / options.frequency),
      startedAt: stretch.startedAt,
      durationNs: stretch.durationNs,
      notes: [...this.notes({ ...incomplete, walkedUser }), ...unnamed.notes],
      lost,
    });
    return { profile, ticks };
  }

  private notes({
    truncated,
    missed,
    walkedUser,
  }: Readonly<Record<"truncated" | "missed" | "walkedUser", number>>): string[] {
    return [
      ...(truncated > 0
        ? [`Deeper than 127 frames: ${truncated} stacks; their outermost frames are missing.`]
        : []),
      ...(missed > 0
        ? [
            `${missed} events of what processes map found no room: of those that have ended functions may have no names.`,
          ]
        : []),
      ...(this.unwound?.newNotes(walkedUser) ?? []),
      ...(this.kernelNames.hidden
        ? [
            "The kernel hides its addresses: its functions have no names without root, or with kernel.kptr_restrict=2.",
          ]
        : []),
    ];
  }

  /** The waits that have not ended yet count up to now. */
  private stillAway(away: readonly Away[], { endNs }: Stretch): Entry[] {
    return away.flatMap(({ tid, startNs, key }): Entry[] => {
      const total = Number(endNs) - startNs;
      const whole = this.unwound?.resolved(tid, startNs, key) ?? key;
      return total > 0 && total >= this.options.minNs ? [[whole, { count: 1, total }]] : [];
    });
  }

  private fill(
    builder: ProfileBuilder,
    entries: readonly Entry[],
    walked: CountedStacks["walked"],
    unnamed: UnnamedFrames,
  ): void {
    const sources = { walked, unwound: this.unwound };
    const groups = new Map<string, number>();
    const frames = new Map<Frame, number>();
    const numberOf = (frame: Frame) => {
      let number = frames.get(frame);
      if (number === undefined) {
        number = builder.frame(frame);
        frames.set(frame, number);
      }
      return number;
    };
    const { measure, waker, frequency, states } = this.options;
    const period = Math.round(NS_PER.s / frequency);
    for (const [key, { count, total }] of entries) {
      const away = key.state === undefined || key.state === ON_CPU ? undefined : offCpuState(key.state);
      if (away !== undefined && states !== undefined && !states.includes(away)) continue;
      if (measure === "wakeup" && wakerOf(key) === undefined) continue;
      const group = groupLabel(key, this.options.by, this.groupNames);
      const identity = `${group.label}|${group.pid}|${group.tid}`;
      let number = groups.get(identity);
      if (number === undefined) {
        number = builder.group(group);
        groups.set(identity, number);
      }
      const path =
        measure === "wakeup"
          ? this.paths.ofWaker(key, sources)
          : waker
            ? this.paths.ofBoth(key, sources)
            : measure === "cpu" || (measure === "wall" && away === undefined)
              ? this.paths.ofSample(key, sources)
              : this.paths.ofTask(key, sources);
      for (const frame of path) {
        const original = this.paths.original(frame);
        if (original.kind === "user") unnamed.add(this.userNames.whyUnnamed(original), count);
      }
      const tip = key.site === undefined ? undefined : this.options.tip?.(key.site);
      if (tip !== undefined) path.push(marker(tip));
      if (measure === "wall") path.push(away === undefined ? RUNNING : marker(`[${away}]`));
      const weight = measure === "wall" && away === undefined ? count * period : total;
      builder.add(number, builder.stack(path.map(numberOf)), weight, count);
    }
  }

  /** Asked while samples come: each stack once. */
  private beginsWithInterrupt(kernel: bigint): boolean {
    let known = this.interrupts.get(kernel);
    if (known === undefined) {
      const stack = this.counted.stack(kernel);
      known = stack !== undefined && this.kernelNames.frames(stack).some(isInterrupt);
      this.interrupts.set(kernel, known);
    }
    return known;
  }

  private ticksSince(): number {
    const { ticks } = this.probe;
    if (ticks === undefined) return 0;
    const words = this.session.mappedArray(ticks).words;
    return this.counts.since({ ticks: Number(words.reduce((sum, word) => sum + word, 0n)) }).ticks;
  }
}

const RUNNING = marker("[running]");
