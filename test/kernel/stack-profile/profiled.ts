/** Runs stack-profile and reads its JSON. */
import { bpfkit, documentOf } from "../../cli/built-bpfkit";
import type { Ended } from "../../cli/spawned";

/** A stack as names, the outermost first. */
export interface ProfiledStack {
  readonly label: string;
  readonly pid?: number;
  readonly tid?: number;
  readonly count: number;
  readonly totalNs?: number;
  readonly names: readonly string[];
}

export interface Profiled {
  readonly stacks: readonly ProfiledStack[];
  readonly totals: Readonly<Record<string, number>>;
  readonly lost: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
}

interface Document {
  readonly rows: readonly (Omit<ProfiledStack, "names"> & { readonly stack: readonly number[] })[];
  readonly frames: readonly { readonly name: string }[];
  readonly notes: readonly string[];
}

/** The profile in what a run with `--json` printed, perhaps after lines of the traced program. */
export function profileOf(ended: Ended): Profiled {
  const stdout = ended.stdout.slice(ended.stdout.indexOf("{\n"));
  const document = documentOf({ ...ended, stdout }) as unknown as Document & Profiled;
  const { rows, frames, totals, lost, notes } = document;
  const stacks = rows.map(({ stack, ...row }) => ({
    ...row,
    names: stack.map((at) => frames[at]?.name ?? ""),
  }));
  return { stacks, totals, lost, notes };
}

/** The profiles of a run with `--json` and `--interval`, one document after the other. */
export function profilesOf(ended: Ended): Profiled[] {
  return ended.stdout
    .split(/^(?=\{$)/m)
    .filter((document) => document !== "")
    .map((stdout) => profileOf({ ...ended, stdout }));
}

/** Runs it to its end. */
export async function profiled(...args: string[]): Promise<Profiled> {
  return profileOf(await bpfkit("stack-profile", "--json", ...args));
}

/** Stacks in which these frames follow one another. */
export function through(stacks: readonly ProfiledStack[], ...frames: readonly string[]): ProfiledStack[] {
  return stacks.filter(({ names }) =>
    names.some((_, at) => frames.every((frame, i) => names[at + i] === frame)),
  );
}

/** The samples of stacks together. */
export function countOf(stacks: readonly ProfiledStack[]): number {
  return stacks.reduce((sum, { count }) => sum + count, 0);
}

/** Their nanoseconds together. */
export function timeOf(stacks: readonly ProfiledStack[]): number {
  return stacks.reduce((sum, { totalNs = 0 }) => sum + totalNs, 0);
}
