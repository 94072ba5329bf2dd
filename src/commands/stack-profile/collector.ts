/** Reads what the programs have counted, and makes a profile of what has come since the last time. */
import type { Session } from "../../bpf/session";
import { NS_PER } from "../../core/units";
import type { Frame, Profile, WeightUnit } from "../../output/stacks/profile";
import { ProfileBuilder } from "../../output/stacks/profile-builder";
import { type OffCpuState, offCpuState, readOffCpu } from "../../probes/off-cpu";
import { isStack, readStackLosses, readStacks, StackId } from "../../probes/stack-store";
import {
  type Announcement,
  ON_CPU,
  readStackTally,
  type StackDimension,
  type StackKey,
} from "../../probes/stack-tally";
import type { Clock } from "../context";
import { type GroupNames, groupLabel } from "./group-label";
import { KernelNames } from "./kernel-names";
import type { Measure, StackProbe } from "./probe";
import { CountsSince, EntriesSince, type Entry } from "./since-last";
import { UnnamedFrames } from "./unnamed-frames";
import { UnwoundStacks } from "./unwound-stacks";
import type { UserNames } from "./user-names";

export interface CollectorOptions {
  readonly measure: Measure;
  /** Of the weights. */
  readonly unit: WeightUnit;
  readonly by: StackDimension;
  readonly frequency: number;
  readonly states: readonly OffCpuState[] | undefined;
  readonly minNs: number;
  readonly title: string;
  /** Different stacks there is room for. */
  readonly maxStacks: number;
  /** `process.arch` */
  readonly arch: string;
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

/** Between two looks for samples to unwind. */
const UNWIND_NS = 10 * NS_PER.ms;

const MISSING: Readonly<Record<string, string>> = {
  [String(StackId.unwalkable)]: "[stack not walkable]",
  [String(StackId.full)]: "[stack lost: no room]",
  [String(StackId.collision)]: "[stack lost: collision]",
};

export class Collector {
  readonly kernelNames = new KernelNames();
  private readonly entries = new EntriesSince();
  private readonly counts = new CountsSince();
  /** Samples that come one by one. */
  private readonly unwound: UnwoundStacks | undefined;

  constructor(
    private readonly session: Session,
    private readonly probe: StackProbe,
    private readonly userNames: UserNames,
    private readonly groupNames: GroupNames,
    private readonly options: CollectorOptions,
  ) {
    const { maxStacks, arch } = options;
    if (probe.samples !== undefined)
      this.unwound = new UnwoundStacks(session, probe.samples, userNames, maxStacks, arch);
  }

  /** Looks at processes when they are met for the first time, until `over`: they may not live long. */
  async follow(clock: Clock, over: AbortSignal): Promise<void> {
    const announcements = this.session.ringBuffer(this.probe.tally.announcements);
    const meeting = async () => {
      for await (const batch of announcements.batches({ signal: over, wake: "event" })) this.meet(batch);
    };
    const unwinding = async () => {
      while (this.unwound !== undefined && !over.aborted) {
        this.unwound.drain();
        await clock.sleep(UNWIND_NS, over);
      }
    };
    await Promise.all([meeting(), unwinding()]);
  }

  /** Looks at processes now. */
  meet(announced: readonly Announcement[]): void {
    for (const { pid, comm } of announced) this.userNames.meet(pid, comm);
  }

  /** Does beforehand what takes its time. */
  prepare(): Promise<void> {
    return this.userNames.unpack();
  }

  /** The profile of a stretch, and how often the clock ticked in it on all processors together. */
  collect(stretch: Stretch): { profile: Profile; ticks: number } {
    const { session, probe, options } = this;
    const ticks = this.ticksSince();
    const reading = readStackTally(probe.tally, session);
    const off = probe.off === undefined ? undefined : readOffCpu(probe.off, session);
    this.unwound?.drain();
    this.meet(session.ringBuffer(probe.tally.announcements).drain());
    const changed = this.entries.since([...reading.entries, ...(this.unwound?.entries ?? [])]);
    if (stretch.last && off !== undefined) changed.push(...this.stillAway(off.away, stretch));
    const builder = new ProfileBuilder();
    const unnamed = new UnnamedFrames();
    this.fill(builder, changed, unnamed);
    const { unwalkable, stacksFull, collisions, truncated } = readStackLosses(probe.store, session);
    const { mapFull, mapBusy } = reading;
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
    const deep = this.counts.since({ truncated }).truncated;
    const profile = builder.build({
      title: options.title,
      measure: options.measure,
      unit: options.unit,
      periodNs: probe.ticks === undefined ? undefined : Math.round(NS_PER.s / options.frequency),
      startedAt: stretch.startedAt,
      durationNs: stretch.durationNs,
      notes: [...this.notes(deep), ...unnamed.notes],
      lost,
    });
    return { profile, ticks };
  }

  private notes(deep: number): string[] {
    return [
      ...(deep > 0 ? [`Deeper than 127 frames: ${deep} stacks; their outermost frames are missing.`] : []),
      ...(this.unwound?.newNotes() ?? []),
      ...(this.kernelNames.hidden
        ? [
            "The kernel hides its addresses: its functions have no names without root, or with kernel.kptr_restrict=2.",
          ]
        : []),
    ];
  }

  /** The waits that have not ended yet count up to now. */
  private stillAway(away: readonly { startNs: number; key: StackKey }[], { endNs }: Stretch): Entry[] {
    return away.flatMap(({ startNs, key }): Entry[] => {
      const total = Number(endNs) - startNs;
      return total > 0 && total >= this.options.minNs ? [[key, { count: 1, total }]] : [];
    });
  }

  private fill(builder: ProfileBuilder, entries: readonly Entry[], unnamed: UnnamedFrames): void {
    const stacks = readStacks(this.probe.store, this.session);
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
    const { measure, frequency, states } = this.options;
    const period = Math.round(NS_PER.s / frequency);
    for (const [key, { count, total }] of entries) {
      const away = key.state === undefined || key.state === ON_CPU ? undefined : offCpuState(key.state);
      if (away !== undefined && states !== undefined && !states.includes(away)) continue;
      const group = groupLabel(key, this.options.by, this.groupNames);
      const identity = `${group.label}|${group.pid}|${group.tid}`;
      let number = groups.get(identity);
      if (number === undefined) {
        number = builder.group(group);
        groups.set(identity, number);
      }
      const path = this.path(key, stacks);
      for (const frame of path)
        if (frame.kind === "user") unnamed.add(this.userNames.whyUnnamed(frame), count);
      if (measure === "wall") path.push(away === undefined ? RUNNING : marker(`[${away}]`));
      const weight = measure === "wall" && away === undefined ? count * period : total;
      builder.add(number, builder.stack(path.map(numberOf)), weight, count);
    }
  }

  /** The frames of both halves, the outermost first. */
  private path({ user, kernel, pid, comm }: StackKey, stacks: ReadonlyMap<bigint, BigUint64Array>): Frame[] {
    const path: Frame[] = [];
    const unwound = this.unwound?.stack(user);
    if (unwound?.end === "truncated" || unwound?.end === "limit") path.push(TRUNCATED);
    const userHalf = unwound?.pcs ?? (isStack(user) ? stacks.get(user) : undefined);
    if (userHalf !== undefined) {
      for (let at = userHalf.length - 1; at >= 0; at--)
        path.push(this.userNames.frame(pid, comm, userHalf[at] as bigint, at > 0));
    } else if (user !== StackId.none) path.push(marker(MISSING[String(user)] ?? MISSING["2"]!));
    const kernelHalf = isStack(kernel) ? stacks.get(kernel) : undefined;
    if (kernelHalf !== undefined) path.push(...this.kernelNames.frames(kernelHalf).reverse());
    else if (kernel !== StackId.none) path.push(marker(MISSING[String(kernel)] ?? MISSING["2"]!));
    return path;
  }

  private ticksSince(): number {
    const { ticks } = this.probe;
    if (ticks === undefined) return 0;
    const words = this.session.mappedArray(ticks).words;
    return this.counts.since({ ticks: Number(words.reduce((sum, word) => sum + word, 0n)) }).ticks;
  }
}

const markers = new Map<string, Frame>();
function marker(name: string): Frame {
  let frame = markers.get(name);
  if (frame === undefined) {
    frame = { name, kind: "marker" };
    markers.set(name, frame);
  }
  return frame;
}
const RUNNING = marker("[running]");
const TRUNCATED = marker("[stack truncated]");
