/** The footer about frames that have no names: how many, of which file, why, and what would help. */
import { percentText } from "../../output/figures";
import { unnamedReasons } from "../../symbols/unnamed";
import type { UnnamedFrame } from "./user-names";

/** Lines about single files. */
const MOST_LINES = 3;
/** Less than this share of all frames is not worth a word. */
const LEAST_SHARE = 0.0005;

export class UnnamedFrames {
  private all = 0;
  private readonly counts = new Map<string, UnnamedFrame & { count: number }>();

  /** Counts a user's frame of so many samples. */
  add(unnamed: UnnamedFrame | undefined, count: number): void {
    this.all += count;
    if (unnamed === undefined) return;
    const key = `${unnamed.reason}\0${unnamed.module}`;
    const known = this.counts.get(key);
    if (known === undefined) this.counts.set(key, { ...unnamed, count });
    else known.count += count;
  }

  /** Sentences, the most frequent reason first; none where every frame has a name. */
  get notes(): string[] {
    const sorted = [...this.counts.values()].sort((a, b) => b.count - a.count);
    const total = sorted.reduce((sum, { count }) => sum + count, 0);
    if (total < LEAST_SHARE * this.all || total === 0) return [];
    const shown = sorted.slice(0, MOST_LINES).filter(({ count }) => count >= LEAST_SHARE * this.all);
    const rest = total - shown.reduce((sum, { count }) => sum + count, 0);
    return [
      `${percentText(total / this.all)} % of the frames in user code have no name:`,
      ...shown.flatMap((each) => this.lines(each)),
      ...(rest >= LEAST_SHARE * this.all && rest > 0
        ? [`${this.share(rest)} %  in ${sorted.length - shown.length} other places.`]
        : []),
    ];
  }

  private lines({ module, reason, count }: UnnamedFrame & { readonly count: number }): string[] {
    const { fact, hint } = unnamedReasons[reason];
    const place = module === "" ? "" : `${module.slice(module.lastIndexOf("/") + 1)}: `;
    return [`${this.share(count)} %  ${place}${fact}.`, ...(hint === undefined ? [] : [`         ${hint}`])];
  }

  private share(count: number): string {
    return percentText(count / this.all).padStart(6);
  }
}
