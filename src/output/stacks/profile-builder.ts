/** Collects a profile: frames and groups are numbered once, stacks and weights come by number. */
import { PairTable } from "./pair-table";
import { type Frame, type Group, NO_STACK, type Profile, type ProfileFacts } from "./profile";

export class ProfileBuilder {
  private readonly frames: Frame[] = [];
  private readonly groups: Group[] = [];
  private readonly nodes = new PairTable();
  private readonly samples = new PairTable();
  private readonly weights: number[] = [];
  private readonly counts: number[] = [];

  /** A number for a frame. Every call gives a new one: keep it with the address or the symbol it belongs to. */
  frame(frame: Frame): number {
    return this.frames.push(frame) - 1;
  }

  /** A number for a group. Every call gives a new one. */
  group(group: Group): number {
    return this.groups.push(group) - 1;
  }

  /** The stack whose innermost frame is `frame`, called from the stack `caller`. */
  call(caller: number, frame: number): number {
    return this.nodes.idOf(caller, frame);
  }

  /** The stack of these frames, the outermost first, on top of the stack `below`. */
  stack(frames: ArrayLike<number>, below = NO_STACK): number {
    let stack = below;
    for (let at = 0; at < frames.length; at++) stack = this.nodes.idOf(stack, frames[at]!);
    return stack;
  }

  /** Adds a weight in the profile's unit to a stack of a group; `count` is how many samples or events it comes from. */
  add(group: number, stack: number, weight: number, count = weight): void {
    const id = this.samples.idOf(group, stack);
    this.weights[id] = (this.weights[id] ?? 0) + weight;
    this.counts[id] = (this.counts[id] ?? 0) + count;
  }

  /** The profile of all that was added. The builder can go on afterwards: nothing is shared. */
  build(facts: ProfileFacts): Profile {
    const tree = this.nodes.columns();
    const samples = this.samples.columns();
    return {
      ...facts,
      frames: [...this.frames],
      groups: [...this.groups],
      stacks: { length: this.nodes.size, parent: tree.first, frame: tree.second },
      samples: {
        length: this.samples.size,
        group: samples.first,
        stack: samples.second,
        weight: Float64Array.from(this.weights),
        count: Float64Array.from(this.counts),
      },
    };
  }
}
