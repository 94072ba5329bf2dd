/** What the programs of a session cost, by the kernel's own count. */
import type { Kernel } from "../../bpf/kernel";
import type { Session } from "../../bpf/session";

/** What programs have done in some time. */
export interface Cost {
  readonly runs: number;
  readonly ns: number;
}

/** Counts runs of all programs on the machine, which costs each some nanoseconds, until it is disposed. */
export class ProgramCost implements Disposable {
  private readonly statistics: Disposable;
  private last: Cost = { runs: 0, ns: 0 };

  constructor(
    kernel: Pick<Kernel, "enableStats">,
    private readonly session: Pick<Session, "programs">,
  ) {
    this.statistics = kernel.enableStats();
  }

  /** Since the beginning. */
  total(): Cost {
    const infos = this.session.programs.map((program) => program.info());
    return {
      runs: infos.reduce((sum, { runCount }) => sum + runCount, 0),
      ns: infos.reduce((sum, { runTimeNs }) => sum + runTimeNs, 0),
    };
  }

  /** Since it was last asked for. */
  since(): Cost {
    const now = this.total();
    const { runs, ns } = this.last;
    this.last = now;
    return { runs: now.runs - runs, ns: now.ns - ns };
  }

  [Symbol.dispose](): void {
    this.statistics[Symbol.dispose]();
  }
}

/** The cost as a sentence; the share is of one processor. */
export function costSentence({ runs, ns }: Cost, durationNs: number): string {
  if (runs === 0) return "Programs: no run.";
  const share = durationNs > 0 ? `, ${((100 * ns) / durationNs).toFixed(2)} % of one processor` : "";
  return `Programs: ${runs} runs, ${(ns / runs).toFixed(0)} ns each${share}.`;
}
