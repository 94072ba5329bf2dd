import { distanceField, type MapSlot, SLOT } from "./assemble";
import { faultOf, type Slot } from "./fault";
import { AssemblyError, Instruction, Label, type Reference } from "./instruction";
import { Class, Jump, Mode, Pseudo, Size } from "./opcode";

/** What the bytes do not say: the maps behind descriptors and the labels. An `Assembled` has both. */
export interface Known {
  readonly maps?: readonly MapSlot[];
  readonly labels?: ReadonlyMap<number, readonly Label[]>;
}

/** An instruction, or bytes that are none and why. */
export type DecodedSlot =
  | { readonly slot: number; readonly instruction: Instruction }
  | { readonly slot: number; readonly bytes: Uint8Array; readonly fault: string };

/** A program read back. */
export interface Decoded {
  readonly slots: readonly DecodedSlot[];
  /** The labels that stand at a slot: the known ones, and one for every other target of a jump or call. */
  readonly labels: ReadonlyMap<number, readonly Label[]>;
}

function readSlot(view: DataView, at: number): Slot | undefined {
  if (at + SLOT > view.byteLength) return undefined;
  const registers = view.getUint8(at + 1);
  return {
    opcode: view.getUint8(at),
    dst: registers & 0x0f,
    src: registers >> 4,
    offset: view.getInt16(at + 2, true),
    imm: view.getInt32(at + 4, true),
  };
}

const LOAD_IMM64 = Class.LD | Mode.IMM | Size[8];
const CALL = Jump.call | Class.JMP;

interface Piece {
  readonly at: number;
  readonly slot?: Slot;
  readonly high?: number | undefined;
  readonly fault?: string;
}

function* pieces(view: DataView): Generator<Piece> {
  for (let at = 0; at < view.byteLength; at += SLOT) {
    const slot = readSlot(view, at);
    if (slot === undefined) {
      yield { at, fault: `${view.byteLength - at} bytes left over, an instruction has ${SLOT}` };
      return;
    }
    const next = slot.opcode === LOAD_IMM64 ? readSlot(view, at + SLOT) : undefined;
    const fault = faultOf(slot, next);
    if (fault !== undefined) {
      yield { at, fault };
      continue;
    }
    yield { at, slot, high: next?.imm };
    if (next !== undefined) at += SLOT;
  }
}

/** The slot an instruction aims at, if it aims at one. */
function targetOf(at: number, slot: Slot): number | undefined {
  const field = distanceField(slot);
  return field === undefined ? undefined : at / SLOT + 1 + slot[field];
}

function synthesise(all: readonly Piece[], known: Known): Map<number, readonly Label[]> {
  const starts = new Set(all.filter(({ fault }) => fault === undefined).map(({ at }) => at / SLOT));
  const labels = new Map<number, readonly Label[]>();
  for (const [slot, items] of known.labels ?? []) if (starts.has(slot)) labels.set(slot, items);
  const functions = new Set<number>();
  const targets = new Set<number>();
  for (const { at, slot } of all) {
    const target = slot === undefined ? undefined : targetOf(at, slot);
    if (slot === undefined || target === undefined || !starts.has(target) || labels.has(target)) continue;
    targets.add(target);
    if (slot.opcode === CALL || slot.opcode === LOAD_IMM64) functions.add(target);
  }
  for (const target of [...targets].sort((a, b) => a - b))
    labels.set(target, [new Label(`${functions.has(target) ? "function" : "L"}${target}`, decodeSlots)]);
  return labels;
}

function takesMap(slot: Slot): boolean {
  return slot.opcode === LOAD_IMM64 && (slot.src === Pseudo.mapFd || slot.src === Pseudo.mapValue);
}

/**
 * Reads a program slot by slot and never throws: what is no instruction is told with its fault. A jump to a
 * place where no instruction starts keeps its distance and has no label.
 */
export function decodeSlots(bytes: Uint8Array, known: Known = {}): Decoded {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const all = [...pieces(view)];
  const labels = synthesise(all, known);
  const maps = new Map((known.maps ?? []).map(({ slot, map }) => [slot, map]));
  const slots = all.map(({ at, slot, high, fault }): DecodedSlot => {
    const index = at / SLOT;
    if (slot === undefined)
      return { slot: index, bytes: bytes.slice(at, at + SLOT), fault: fault ?? "not an instruction" };
    return { slot: index, instruction: instructionOf(slot, high, referenceOf(at, slot)) };
  });
  return { slots, labels };

  function referenceOf(at: number, slot: Slot): Reference | undefined {
    const map = takesMap(slot) ? maps.get(at / SLOT) : undefined;
    if (map !== undefined) return { kind: "map", map };
    const target = targetOf(at, slot);
    const label = target === undefined ? undefined : labels.get(target)?.[0];
    return label === undefined ? undefined : { kind: "label", label };
  }
}

/** With a reference the builders leave the field open that the reference will fill: so does the decoder. */
function instructionOf(slot: Slot, high: number | undefined, reference: Reference | undefined): Instruction {
  const open = reference?.kind === "map" ? "imm" : reference === undefined ? undefined : distanceField(slot);
  return new Instruction(
    {
      ...slot,
      ...(open === undefined ? {} : { [open]: 0 }),
      ...(high === undefined ? {} : { high }),
      ...(reference === undefined ? {} : { reference }),
    },
    decodeSlots,
  );
}

/**
 * The instructions of a program, with labels where something jumps to; `assemble` gives the same bytes back.
 * With `known`, an `Assembled`, the instructions equal those it was made of. Throws an AssemblyError that
 * names the first slot that is no instruction.
 */
export function decode(bytes: Uint8Array, known: Known = {}): (Instruction | Label)[] {
  const { slots, labels } = decodeSlots(bytes, known);
  return slots.flatMap((item) => {
    if ("fault" in item) throw new AssemblyError(`decode slot ${item.slot}: ${item.fault}`);
    return [...(labels.get(item.slot) ?? []), item.instruction];
  });
}
