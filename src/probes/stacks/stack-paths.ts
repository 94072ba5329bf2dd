/** From what was counted to frames: the halves of a stack, and of the one that woke it, in the order they are shown. */
import type { Frame } from "../../output/stacks/profile";
import { isStack, StackId } from "../stack-store";
import type { StackKey } from "../stack-tally";
import { commOf } from "./group-label";
import type { KernelNames } from "./kernel-names";
import type { UnwoundStacks } from "./unwound-stacks";
import type { UserNames } from "./user-names";

const MISSING: Readonly<Record<string, string>> = {
  [String(StackId.unwalkable)]: "[stack not walkable]",
  [String(StackId.full)]: "[stack lost: no room]",
  [String(StackId.collision)]: "[stack lost: collision]",
};

const markers = new Map<string, Frame>();

/** A frame that is no function, such as "[running]". */
export function marker(name: string): Frame {
  let frame = markers.get(name);
  if (frame === undefined) {
    frame = { name, kind: "marker" };
    markers.set(name, frame);
  }
  return frame;
}

const TRUNCATED = marker("[stack truncated]");
/** Between a stack that waits and the one that wakes it, as bcc's offwaketime has it. */
const SEPARATOR = marker("--");
const NO_WAKER = marker("[waker not seen]");

/** How the kernel's way from an interrupt begins: arch/x86/entry/entry_64.S, arch/arm64/kernel/entry.S. */
const INTERRUPT =
  /^(?:asm_sysvec_|asm_common_interrupt|asm_spurious_interrupt|el[01](?:[th]_(?:64|32))?_(?:irq|fiq)$)/;

/** True for the frame that an interrupt begins with. */
export function isInterrupt({ name }: Frame): boolean {
  return INTERRUPT.test(name);
}

/** Whose stack it is, and the ids of its halves. */
type Whose = Pick<StackKey, "kernel" | "user" | "kernelTip" | "userTip" | "pid" | "comm">;

/** What lies under the ids of keys. */
export interface StackSources {
  /** Stacks as the kernel walked them. */
  readonly walked: ReadonlyMap<bigint, BigUint64Array>;
  readonly unwound: UnwoundStacks | undefined;
}

export class StackPaths {
  private readonly wakers = new Map<string, Frame>();
  private readonly ofWakers = new Map<Frame, Frame>();
  private readonly originals = new Map<Frame, Frame>();

  constructor(
    private readonly kernelNames: KernelNames,
    private readonly userNames: UserNames,
    /** Whether the kernel's half of wakers is shown. */
    private readonly kernel: boolean,
  ) {}

  /** The frames of both halves, the outermost first. */
  ofTask(whose: Whose, sources: StackSources): Frame[] {
    return [...this.userHalf(whose, sources), ...this.kernelHalf(whose, sources)];
  }

  /**
   * The same of a sample of the clock's. It begins with what was interrupted: a BPF program there is not ours, and the
   * time is its own.
   */
  ofSample(whose: Whose, sources: StackSources): Frame[] {
    return [...this.userHalf(whose, sources), ...this.kernelHalf(whose, sources, true)];
  }

  /**
   * The frames of the one that woke it, its name below them. An interrupt wakes in the name of whatever it has
   * interrupted, which has nothing to do with it.
   */
  ofWaker(key: StackKey, sources: StackSources): Frame[] {
    const whose = wakerOf(key);
    if (whose === undefined) return [NO_WAKER];
    const inKernel = this.kernelHalf(whose, sources);
    const shown = this.kernel ? inKernel : [];
    const from = inKernel.findIndex(isInterrupt);
    if (from >= 0) return [this.nameOfWaker("[interrupt]"), ...shown.slice(from)];
    return [this.nameOfWaker(commOf(whose.comm)), ...this.userHalf(whose, sources), ...shown];
  }

  /** The stack that waits, and upon it the waker's: where the two meet stand the wait and what ended it. */
  ofBoth(key: StackKey, sources: StackSources): Frame[] {
    const waker = this.ofWaker(key, sources).map((frame) => this.asWaker(frame));
    return [...this.ofTask(key, sources), SEPARATOR, ...waker.reverse()];
  }

  /** The frame that one of a waker's was made of; any other as it is. */
  original(frame: Frame): Frame {
    return this.originals.get(frame) ?? frame;
  }

  private userHalf({ user, userTip, pid, comm }: Whose, { walked, unwound }: StackSources): Frame[] {
    const found = unwound?.stack(user);
    const half = found?.pcs ?? (isStack(user) ? walked.get(user) : undefined);
    const named = (pcs: BigUint64Array) =>
      Array.from(pcs, (pc, at) => this.userNames.frame(pid, comm, pc, at > 0)).reverse();
    if (half === undefined) return lost(user, userTip, named);
    const frames = named(withTip(half, userTip));
    return found?.end === "truncated" || found?.end === "limit" ? [TRUNCATED, ...frames] : frames;
  }

  private kernelHalf({ kernel, kernelTip }: Whose, { walked }: StackSources, sampled = false): Frame[] {
    const half = isStack(kernel) ? walked.get(kernel) : undefined;
    const named = (pcs: BigUint64Array) =>
      (sampled ? this.kernelNames.frames(pcs) : this.kernelNames.framesBelowOwn(pcs)).reverse();
    return half === undefined ? lost(kernel, kernelTip, named) : named(withTip(half, kernelTip));
  }

  private nameOfWaker(name: string): Frame {
    let frame = this.wakers.get(name);
    if (frame === undefined) {
      frame = { name, kind: "waker" };
      this.wakers.set(name, frame);
    }
    return frame;
  }

  private asWaker(frame: Frame): Frame {
    if (frame.kind === "waker" || frame.kind === "marker") return frame;
    let made = this.ofWakers.get(frame);
    if (made === undefined) {
      made = { ...frame, kind: "waker" };
      this.ofWakers.set(frame, made);
      this.originals.set(made, frame);
    }
    return made;
  }
}

/** The waker of a key; undefined where none was seen. */
export function wakerOf({ wakerKernel, wakerUser, wakerComm, wakerPid }: StackKey): Whose | undefined {
  if (wakerComm === undefined || wakerComm === "") return undefined;
  return {
    kernel: wakerKernel ?? StackId.none,
    user: wakerUser ?? StackId.none,
    comm: wakerComm,
    pid: wakerPid ?? 0,
  };
}

/** The stack that begins at an innermost address, if that was told apart. */
function withTip(callers: BigUint64Array, tip: bigint | undefined): BigUint64Array {
  return tip === undefined || tip === 0n ? callers : BigUint64Array.of(tip, ...callers);
}

/** What stands for a stack that was not kept: the innermost function may be known all the same. */
function lost(id: bigint, tip: bigint | undefined, named: (pcs: BigUint64Array) => Frame[]): Frame[] {
  if (id === StackId.none) return [];
  const missing = marker(MISSING[String(id)] ?? "[stack lost: no room]");
  return [missing, ...named(withTip(new BigUint64Array(0), tip))];
}
