/**
 * Walks the current thread's user stack in the kernel, by the rows that are known; what is not goes to user space. Pure.
 */
import { add, and, mov, sub } from "../../asm/alu";
import { helper } from "../../asm/helper-ids";
import { type Block, type Label, label, subprogram } from "../../asm/instruction";
import { call, exit, jump } from "../../asm/jump";
import { lookup } from "../../asm/macros/map";
import { load, loadFunction, store } from "../../asm/memory";
import { fp, type Register, r0, r1, r2, r3, r4, r6, r8, r9 } from "../../asm/register";
import type { KernelFacts } from "../../bpf/facts";
import { type UnwindMachine, unwindMachine } from "../../symbols/unwind/machine";
import {
  CAPTURE_STACK,
  keepStack,
  MAX_DEPTH,
  StackId,
  type StackStore,
  type Tip,
  takeTip,
} from "../stack-store";
import { findMap, TURN_SLOT } from "../turn-map";
import { userRegisters } from "../user-stack-copy";
import { codeSpace } from "./code-space";
import { Chunk, type UnwindRows } from "./rows";
import { MOST_BYTES, Walk, WalkEnd, type WalkPlace, walkFrame, withoutSignature } from "./walk-frame";

/** Bytes of the stack that `walkUserStack` needs. */
export const WALK_STACK = CAPTURE_STACK + Walk.size;

export interface UserWalk {
  /** Gets the id; `StackId.copied` where a row is missing, and user space has to unwind. One that calls keep. */
  readonly id: Register;
  /** To work with: another one of these. */
  readonly work: Register;
  /** End of WALK_STACK bytes. */
  readonly stack: number;
  readonly tip?: Tip | undefined;
}

function placeOf({ stack }: Pick<UserWalk, "stack">): WalkPlace {
  return { base: fp, at: (field) => stack - WALK_STACK + Walk.offsets[field] };
}

/** What a record tells of a walk that ended where a row was missing: code that leaves each field in r1. */
export function walkFields(
  rows: UnwindRows | undefined,
  walk: Pick<UserWalk, "stack">,
): { readonly space?: Block; readonly missing?: Block } {
  if (rows === undefined) return {};
  const { at } = placeOf(walk);
  return { space: [load(8, r1, fp, at("space"))], missing: [load(8, r1, fp, at("missing"))] };
}

type Facts = Pick<KernelFacts, "arch" | "btf">;

/**
 * Walks and keeps the current user stack; without `rows` all are to be unwound in user space. Loses r0–r5 and `work`. Throws
 * a NotSupportedError on a kernel without BTF.
 */
export function walkUserStack(
  rows: UnwindRows | undefined,
  to: StackStore,
  facts: Facts,
  walk: UserWalk,
): Block {
  const { id, work, stack, tip } = walk;
  if (rows === undefined) return [mov(id, Number(StackId.copied))];
  const machine = unwindMachine(facts.arch);
  const place = placeOf(walk);
  const { at } = place;
  const key = stack - 8;
  const [unknown, none, kept, done] = ["unknown", "no_stack", "kept", "walked"].map(label) as [
    Label,
    Label,
    Label,
    Label,
  ];
  return [
    [store(8, fp, at("space"), 0), store(8, fp, at("missing"), 0), store(8, fp, at("end"), WalkEnd.unknown)],
    // No mapping has been found yet.
    (["start", "size", "bias", "file"] as const).map((field) => [store(8, fp, at(field), 0)]),
    findMap(to.stacks, key - TURN_SLOT, none),
    [store(8, fp, key, 0), lookup(rows.chunk, key), jump.eq(r0, 0, none), store(8, fp, at("chunk"), r0)],
    [store(8, r0, Chunk.offsets.starts, 0), store(8, r0, Chunk.offsets.frames, 0)],
    [lookup(to.scratch, key), jump.eq(r0, 0, none), mov(work, r0), store(8, fp, at("words"), work)],
    readRegisters(machine, facts, work, place, none),
    codeSpace(facts, at("space"), at("word")),
    [load(8, r1, fp, at("pc")), store(8, fp, at("missing"), r1)],
    hasLoop(facts)
      ? walkByHelper(rows, machine, place)
      : walkInline(rows, machine, { ...place, id, words: work }),
    [load(8, r1, fp, at("end")), jump.ne(r1, WalkEnd.complete, unknown)],
    [load(8, r2, fp, at("chunk")), loadBytes(id, r2), mov(r3, work), add(r3, id)],
    [store(8, r3, 0, 0), store(8, r3, 8, 0), takeTip(tip, work, id)],
    keepStack(to, { words: work, id, at: key, kept, zeroRest: zeroRest(place, work, tip) }),
    jump.always(done),
    [unknown, mov(id, Number(StackId.copied)), jump.always(done)],
    [none, mov(id, Number(StackId.none))],
    [kept, done],
  ];
}

/** True where programs can have a helper call a function of theirs again and again: since Linux 5.17. */
function hasLoop({ btf }: Facts): boolean {
  return btf()?.prototype("bpf_loop") !== undefined;
}

/** The loop as a function, which the verifier looks at once. */
function walkByHelper(rows: UnwindRows, machine: UnwindMachine, { at }: WalkPlace): Block {
  const step = subprogram("walk_frame", walkStep(rows, machine));
  return [
    step,
    // Once more than there are frames: that one finds that it is too many.
    [mov(r1, MAX_DEPTH + 1), loadFunction(r2, step.label), mov(r3, fp), add(r3, at("space")), mov(r4, 0)],
    call(helper.loop),
  ];
}

/** long walk_frame(u32 index, struct walk *): 0 to go on, 1 to stop. */
function walkStep(rows: UnwindRows, machine: UnwindMachine): Block {
  const [complete, unknown, stray] = [label("complete"), label("unknown"), label("stray")];
  const place = {
    base: r6,
    at: (field: keyof typeof Walk.offsets) => Walk.offsets[field],
    id: r8,
    words: r9,
  };
  const { chunk, words, end, missing } = Walk.offsets;
  return [
    [mov(r6, r2), load(8, r9, r6, words), load(8, r1, r6, chunk), load(8, r8, r1, Chunk.offsets.frames)],
    walkFrame(rows, machine, place, { complete, unknown, stray }),
    [load(8, r1, r6, chunk), add(r8, 8), store(8, r1, Chunk.offsets.frames, r8), mov(r0, 0), exit()],
    [complete, store(8, r6, end, WalkEnd.complete), mov(r0, 1), exit()],
    [stray, store(8, r6, missing, 0), unknown, mov(r0, 1), exit()],
  ];
}

/** The verifier goes through it once for each frame there may be, and takes its time for that. */
const MOST_INLINE = 48;

function walkInline(
  rows: UnwindRows,
  machine: UnwindMachine,
  place: WalkPlace & { readonly id: Register; readonly words: Register },
): Block {
  const { at, id } = place;
  const [next, complete, unknown, stray] = [
    label("next"),
    label("complete"),
    label("unknown"),
    label("stray"),
  ];
  return [
    [mov(id, 0), next, jump.ge(id, MOST_INLINE * 8, stray)],
    walkFrame(rows, machine, place, { complete, unknown, stray }),
    [add(id, 8), jump.always(next)],
    [stray, store(8, fp, at("missing"), 0), jump.always(unknown)],
    [complete, load(8, r1, fp, at("chunk")), store(8, r1, Chunk.offsets.frames, id)],
    [store(8, fp, at("end"), WalkEnd.complete), unknown],
  ];
}

/** Fills in where the thread is in user space. Goes to `none` where it has no user side. */
function readRegisters(
  machine: UnwindMachine,
  facts: Facts,
  words: Register,
  { at }: WalkPlace,
  none: Label,
): Block {
  const { columns, spColumn, fpColumn, pcWord, linkColumn } = machine;
  const word = (column: number) => columns[column] as number;
  const link = linkColumn === undefined ? [] : [[word(linkColumn), "link"] as const];
  const places = [
    [pcWord, "pc"] as const,
    [word(spColumn), "sp"] as const,
    [word(fpColumn), "fp"] as const,
    ...link,
  ];
  const first = Math.min(...places.map(([place]) => place));
  const last = Math.max(...places.map(([place]) => place));
  return [
    [userRegisters(facts, words, 0), add(r3, 8 * first), mov(r1, words), mov(r2, 8 * (last + 1 - first))],
    call(helper.probeReadKernel),
    places.map(([place, field]) => [
      [load(8, r1, words, 8 * (place - first)), withoutSignature(machine, r1), store(8, fp, at(field), r1)],
    ]),
    [load(8, r1, fp, at("sp")), jump.eq(r1, 0, none)],
  ];
}

/** `dst` = the bytes of the stack that was walked; `chunk` points to the Chunk. */
function loadBytes(dst: Register, chunk: Register): Block {
  return [load(8, dst, chunk, Chunk.offsets.frames), add(dst, 8), and(dst, MOST_BYTES)];
}

/** Zeroes what lies behind the stack up to the end of its room, as bpf_get_stack does. Loses r1 to r3. */
function zeroRest({ at }: WalkPlace, words: Register, tip: Tip | undefined): Block {
  const [next, end] = [label("zero_next"), label("zeroed")];
  return [
    [load(8, r2, fp, at("chunk")), loadBytes(r1, r2), tip === undefined ? [] : sub(r1, 8)],
    [next, jump.ge(r1, MOST_BYTES, end), mov(r3, words), add(r3, r1)],
    [store(8, r3, 0, 0), add(r1, 8), jump.always(next), end],
  ];
}
