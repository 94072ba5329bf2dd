import {
  AssemblyError,
  type Block,
  Instruction,
  Label,
  type MapRef,
  quoted,
  rejectAt,
  Subprogram,
} from "./instruction";
import { Call, Class, Jump, Mode, Pseudo, Size } from "./opcode";

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
  const subprograms = new Set<Subprogram>();
  let slots = 0;
  const walk = (block: Block): void => {
    for (const item of block) {
      if (item instanceof Label) {
        const earlier = place.get(item);
        if (earlier !== undefined)
          rejectAt(`label "${item.name}": placed twice, at slots ${earlier} and ${slots}`, item);
        place.set(item, slots);
      } else if (item instanceof Instruction) {
        // An instruction listed twice (a shared sub-block) is the same value at two slots.
        instructions.push(item);
        slots += item.slots;
      } else if (item instanceof Subprogram) {
        subprograms.add(item);
      } else if (Array.isArray(item)) {
        walk(item);
      } else {
        throw new AssemblyError(`slot ${slots}: ${quoted(item)} is not an instruction, a label or a block`);
      }
    }
  };
  walk(program);
  // A set goes on to those that are added on the way.
  for (const { label, code } of subprograms) walk([label, code]);
  for (const [item, at] of place)
    if (at === slots) rejectAt(`label "${item.name}": placed after the last instruction`, item);
  return { instructions, place, slots };
}

const LOAD_IMM64 = Class.LD | Mode.IMM | Size[8];
const FAR_JUMP = Jump.always | Class.JMP32;
const CALL = Jump.call | Class.JMP;

/**
 * The field that holds the distance to a target, counted from the slot after the instruction's first:
 * `offset` for jumps, `imm` for far jumps, local calls and function addresses; undefined for the rest.
 */
export function distanceField(of: Pick<Instruction, "opcode" | "src">): "offset" | "imm" | undefined {
  const cls = of.opcode & 0x07;
  if (cls === Class.LD) return of.opcode === LOAD_IMM64 && of.src === Pseudo.func ? "imm" : undefined;
  if (cls !== Class.JMP && cls !== Class.JMP32) return undefined;
  if (of.opcode === FAR_JUMP) return "imm";
  if (of.opcode === CALL) return of.src === Call.local ? "imm" : undefined;
  return of.opcode === (Jump.exit | Class.JMP) ? undefined : "offset";
}

/** The fields that depend on where the target stands. The error stands where the instruction was written. */
function aim(instruction: Instruction, target: Label, slot: number, place: ReadonlyMap<Label, number>) {
  const to = place.get(target);
  if (to === undefined) rejectAt(`label "${target.name}": used but never placed`, instruction);
  const distance = to - slot - 1;
  if (distanceField(instruction) === "imm") return { imm: distance };
  if (distance < -32768 || distance > 32767)
    rejectAt(`jump to "${target.name}": ${distance} slots away, further than 16 bits reach`, instruction);
  return { offset: distance };
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
    const { offset, imm, reference } = instruction;
    if (reference?.kind === "map") maps.push({ slot, map: reference.map });
    const aimed = reference?.kind === "label" ? aim(instruction, reference.label, slot, place) : {};
    encodeSlot(view, slot, instruction, { offset, imm, ...aimed });
    starts.set(slot, instruction);
    slot += instruction.slots;
  }
  const labels = new Map<number, Label[]>();
  for (const [item, at] of place) labels.set(at, [...(labels.get(at) ?? []), item]);
  return { bytes, instructions, maps, labels, at: (where) => starts.get(where) };
}

function encodeSlot(
  view: DataView,
  slot: number,
  from: Instruction,
  to: { offset: number; imm: number },
): void {
  const at = slot * SLOT;
  view.setUint8(at, from.opcode);
  view.setUint8(at + 1, from.dst | (from.src << 4));
  view.setInt16(at + 2, to.offset, true);
  view.setInt32(at + 4, to.imm, true);
  if (from.high !== undefined) view.setInt32(at + SLOT + 4, from.high, true);
}
