import type { Assembled } from "./assemble";
import { type Decoded, type DecodedSlot, decodeSlots, type Known } from "./decode";
import type { Label } from "./instruction";
import { type NameOf, textOf } from "./text";

/** A macro used twice brings its labels twice: the second `miss` is printed as `miss_2`. */
function distinctNames(labels: Decoded["labels"]): NameOf {
  const names = new Map<Label, string>();
  const taken = new Set<string>();
  const inOrder = [...labels].sort(([a], [b]) => a - b).flatMap(([, items]) => items);
  for (const label of inOrder) {
    let name = label.name;
    for (let n = 2; taken.has(name); n++) name = `${label.name}_${n}`;
    taken.add(name);
    names.set(label, name);
  }
  return (label) => names.get(label) ?? label.name;
}

function line(item: DecodedSlot, nameOf: NameOf): string {
  const number = `${String(item.slot).padStart(4)}: `;
  if ("instruction" in item) return number + textOf(item.instruction, nameOf);
  const bytes = [...item.bytes].map((byte) => `0x${byte.toString(16).padStart(2, "0")}`);
  return `${number}.byte ${bytes.join(", ")}  ; ${item.fault}`;
}

/**
 * A program as text, one line per instruction and one per label:
 *
 *        0: r6 = r1
 *        1: if r6 == 0 goto out
 *        2: call bpf_get_current_pid_tgid
 *     out:
 *        3: exit
 *
 * Never throws: what is no instruction is printed as `.byte` with the reason.
 */
export function disassemble(bytes: Uint8Array, known: Known = {}): string {
  const { slots, labels } = decodeSlots(bytes, known);
  const nameOf = distinctNames(labels);
  const lines = slots.flatMap((item) => [
    ...(labels.get(item.slot) ?? []).map((label) => `${nameOf(label)}:`),
    line(item, nameOf),
  ]);
  return lines.map((text) => `${text}\n`).join("");
}

/** The listing of an assembled program, with its own labels and maps: what `--dump` prints. */
export function listing(program: Assembled): string {
  return disassemble(program.bytes, program);
}
