import type { Resources } from "../core/resources";

/** How a program hangs on its hook: by a link of the kernel's, or as older kernels do it. */
export type Means = "bpf-link" | "perf-event" | "prog-attach";

/** A program at its hook; disposing it detaches the program. */
export class Link implements Disposable {
  constructor(
    readonly means: Means,
    private readonly owned: Disposable,
    /** How many places it holds: the CPUs of a clock, the functions of a multi-probe. */
    readonly places = 1,
    private readonly missed: () => number = () => 0,
  ) {}

  /** Takes over what has been opened for it. */
  static of(means: Means, opened: Resources, places = 1, missed?: () => number): Link {
    return new Link(means, opened.move(), places, missed);
  }

  /** Hits that did not reach the program, as the kernel counts them for kprobes since Linux 6.7; else 0. */
  missedHits(): number {
    return this.missed();
  }

  [Symbol.dispose](): void {
    this.owned[Symbol.dispose]();
  }
}
