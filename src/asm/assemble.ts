import { AssemblyError, type Block, Instruction, Label, type MapRef } from "./instruction";
import { Call, Class, Jump } from "./opcode";

/** Bytes of one slot. */
export const SLOT = 8;

/** A place in the bytes where the loader puts a map's file descriptor (32 bits, the immediate). */
export interface MapSlot {
  /** Index of the instruction's first slot. */
  readonly slot: number;
  readonly map: MapRef;
}

/** A program without file descriptors: the same blocks give the same bytes on every machine. */
export interface Assembled {
  readonly bytes: Uint8Array;
  readonly instructions: readonly Instruction[];
  readonly maps: readonly MapSlot[];
  /** The labels that stand at a slot, in the order listed. */
  readonly labels: ReadonlyMap<number, readonly Label[]>;
  /** The instruction that starts at a slot. */
  at(slot: number): Instruction | undefined;
}

interface Layout {
  readonly instructions: readonly Instruction[];
  readonly place: ReadonlyMap<Label, number>;
  readonly slots: number;
}

function layOut(program: Block): Layout {
  const instructions: Instruction[] = [];
  const place = new Map<Label, number>();
  let slots = 0;
  const walk = (block: Block): void => {
    for (const item of block) {
      if (item instanceof Label) {
        if (place.has(item)) throw new AssemblyError(`label "${item.name}": placed twice`);
        place.set(item, slots);
      } else if (item instanceof Instruction) {
        // An instruction listed twice (a shared sub-block) is the same value at two slots.
        instructions.push(item);
        slots += item.slots;
      } else {
        walk(item);
      }
    }
  };
  walk(program);
  return { instructions, place, slots };
}

/** The error stands where the instruction was written, not where the program was assembled. */
function fail(message: string, instruction: Instruction): never {
  const error = new AssemblyError(message);
  error.stack = [`${error.name}: ${message}`, ...instruction.origin.map((line) => `    ${line}`)].join("\n");
  throw error;
}

function distance(instruction: Instruction, target: Label, slot: number, place: ReadonlyMap<Label, number>) {
  const to = place.get(target);
  if (to === undefined) fail(`label "${target.name}": jumped to but never placed`, instruction);
  return to - slot - 1;
}

const FAR_JUMP = Jump.always | Class.JMP32;

/** Offsets that jump count from the slot after the instruction; calls, functions and far jumps use the immediate. */
function usesImmediate(instruction: Instruction): boolean {
  if (instruction.slots === 2 || instruction.opcode === FAR_JUMP) return true;
  return instruction.opcode === (Jump.call | Class.JMP) && instruction.src === Call.local;
}

/** Turns blocks into bytes. Throws an AssemblyError that names the label or operand at fault. */
export function assemble(program: Block): Assembled {
  const { instructions, place, slots } = layOut(program);
  const bytes = new Uint8Array(slots * SLOT);
  const view = new DataView(bytes.buffer);
  const maps: MapSlot[] = [];
  const starts = new Map<number, Instruction>();
  let slot = 0;
  for (const instruction of instructions) {
    let { offset, imm } = instruction;
    const { reference } = instruction;
    if (reference?.kind === "map") maps.push({ slot, map: reference.map });
    if (reference?.kind === "label") {
      const target = reference.label;
      const delta = distance(instruction, target, slot, place);
      if (usesImmediate(instruction)) imm = delta;
      else if (delta < -32768 || delta > 32767)
        fail(`jump to "${target.name}": ${delta} slots away, further than 16 bits reach`, instruction);
      else offset = delta;
    }
    encodeSlot(view, slot, instruction, offset, imm);
    starts.set(slot, instruction);
    slot += instruction.slots;
  }
  const labels = new Map<number, Label[]>();
  for (const [item, at] of place) labels.set(at, [...(labels.get(at) ?? []), item]);
  for (const [at, items] of labels)
    if (at === slots) throw new AssemblyError(`label "${items[0]?.name}": placed after the last instruction`);
  return { bytes, instructions, maps, labels, at: (where) => starts.get(where) };
}

function encodeSlot(view: DataView, slot: number, from: Instruction, offset: number, imm: number): void {
  const at = slot * SLOT;
  view.setUint8(at, from.opcode);
  view.setUint8(at + 1, from.dst | (from.src << 4));
  view.setInt16(at + 2, offset, true);
  view.setInt32(at + 4, imm, true);
  if (from.high !== undefined) view.setInt32(at + SLOT + 4, from.high, true);
}
