/** Makes sense of the verifier's log. Pure. */
import type { Assembled } from "../asm/assemble";

/** What the log says went wrong and where. */
export interface Verdict {
  /** The last line that says something. */
  readonly reason: string;
  /** First slot of the rejected instruction, where the log tells. */
  readonly slot: number | undefined;
}

const NOISE = [
  /^processed \d+ insns/,
  /^max_states|^verification time|^stack depth/,
  // register state after an instruction or at a branch
  /^(from \d+ to \d+(?: .*)?|\d+): *(frame\d+: )?R\d+/,
  /^R\d+(_w)?=\S+( R\d+(_w)?=\S+)*/,
  /^(last_idx|regs=|parent |mark_precise|func#|Live regs|; )/,
  /^\d+: \([0-9a-f]{2}\)/,
  /^$/,
];

/** The lines of a log buffer the kernel filled. */
export function logLines(buffer: Uint8Array): string[] {
  const end = buffer.indexOf(0);
  const text = Buffer.from(buffer.subarray(0, end < 0 ? buffer.length : end)).toString("utf8");
  return text.split("\n").filter((line) => line !== "");
}

/** The reason and the place in a log. */
export function verdictOf(log: readonly string[]): Verdict {
  const reason = log.findLast((line) => !NOISE.some((noise) => noise.test(line))) ?? log.at(-1) ?? "no log";
  const at = log.findLast((line) => /^\d+: \([0-9a-f]{2}\)/.test(line));
  return { reason: reason.trim(), slot: at === undefined ? undefined : Number.parseInt(at, 10) };
}

/** The label a slot stands under, with its distance: `miss+2`; undefined before the first label. */
export function labelAt(program: Assembled, slot: number): string | undefined {
  for (let at = slot; at >= 0; at--) {
    const name = program.labels.get(at)?.at(-1)?.name;
    if (name !== undefined) return at === slot ? name : `${name}+${slot - at}`;
  }
  return undefined;
}
