/**
 * A profile as plain data: what was sampled, with names, before it is a picture or a file. A collector fills it by
 * ProfileBuilder, a reader makes it from a file, and every renderer of this folder takes it.
 *
 * Made for a million samples: stacks share their beginnings in one tree, and the tree is two arrays of numbers.
 */

/** How a frame's code came to be; it decides the frame's colour and its suffix in folded stacks. */
export const frameKinds = ["kernel", "user", "jit", "inline", "waker", "marker"] as const;

/**
 * `kernel` includes modules and BPF programs; `inline` has no frame of its own on the stack; `waker` is a frame of the
 * thread that woke the one whose stack it continues; `marker` is no function at all: "[stack lost]", "[blocked]".
 */
export type FrameKind = (typeof frameKinds)[number];

/** One mapped segment of a file, or the kernel and each of its modules. */
export interface Module {
  /** As the traced process sees it, or in brackets: "/usr/bin/node", "[kernel]", "[ext4]", "[vdso]". */
  readonly path: string;
  /** In lower-case hexadecimal. */
  readonly buildId?: string | undefined;
  /** Addresses of its frames lie in [start, end). Several processes that map one file may share a module. */
  readonly start: bigint;
  readonly end: bigint;
  /** What is at `start` comes from here in the file. */
  readonly fileOffset: bigint;
}

/**
 * A place in the code. Frames may be one per address or one per function, as the collector likes; where functions
 * are shown, frames of the same name, kind and module path are one.
 */
export interface Frame {
  /** Demangled; "[libc.so.6+0x1234]" where there is no symbol. Any characters may occur in it. */
  readonly name: string;
  readonly kind: FrameKind;
  readonly module?: Module | undefined;
  readonly address?: bigint | undefined;
  /** Where the function is defined, for code that has sources: a script's path or URL, and a line counted from 1. */
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  /** Which of a runtime's compilers made it: "interpreted", "baseline", "optimized". */
  readonly tier?: string | undefined;
}

/** Whose samples these are: a process, a thread, a cgroup. */
export interface Group {
  /** The frame below all others, such as "node"; with "" there is none. */
  readonly label: string;
  readonly pid?: number | undefined;
  readonly tid?: number | undefined;
}

/** What a weight counts. */
export const weightUnits = ["samples", "nanoseconds", "bytes", "count"] as const;
export type WeightUnit = (typeof weightUnits)[number];

/** The stack without a frame, and the parent of every outermost frame. */
export const NO_STACK = -1;

/** Every stack as a path in one tree. A stack's id is that of its innermost frame's node; parents come first. */
export interface StackTree {
  readonly length: number;
  /** The caller's node: smaller than the node itself, or NO_STACK. */
  readonly parent: Int32Array;
  /** An index into the profile's frames. */
  readonly frame: Int32Array;
}

/** What was measured, as columns: no two entries have the same group and stack. */
export interface Samples {
  readonly length: number;
  /** An index into the profile's groups. */
  readonly group: Int32Array;
  /** A node of the stack tree, or NO_STACK. */
  readonly stack: Int32Array;
  /** In the profile's unit; whole numbers. */
  readonly weight: Float64Array;
  /** How many samples or events are in the weight; equal to it when the unit is "samples" or "count". */
  readonly count: Float64Array;
}

/** What a profile says about itself. */
export interface ProfileFacts {
  /** Above a picture: "CPU time of node (1234), 10s". */
  readonly title: string;
  /** What was measured, in one word: "cpu", "off-cpu", "wall", "wakeup", "event". */
  readonly measure: string;
  readonly unit: WeightUnit;
  /** The time between two samples of one processor; undefined when events were counted. */
  readonly periodNs?: number | undefined;
  readonly startedAt: Date;
  readonly durationNs: number;
  /** The release of the kernel it was taken on, where that is not the one at hand: it comes from a file. */
  readonly kernel?: string | undefined;
  /** Sentences under a picture, such as which frames have no names and why. */
  readonly notes: readonly string[];
  /** How many samples were lost, by reason in camelCase. */
  readonly lost: Readonly<Record<string, number>>;
}

export interface Profile extends ProfileFacts {
  readonly groups: readonly Group[];
  readonly frames: readonly Frame[];
  readonly stacks: StackTree;
  readonly samples: Samples;
}

/** All weights of a profile together. */
export function totalWeight({ samples }: Profile): number {
  return samples.weight.reduce((sum, weight) => sum + weight, 0);
}

/** The numbers of a stack's frames, the outermost first. */
export function stackFrames({ stacks }: Pick<Profile, "stacks">, stack: number): number[] {
  const frames: number[] = [];
  for (let at = stack; at !== NO_STACK; at = stacks.parent[at]!) frames.push(stacks.frame[at]!);
  return frames.reverse();
}
