/** One frame's registers, and the way from a frame to its caller's. */
import { evaluate } from "./expression";
import type { UnwindMachine } from "./machine";
import type { ColumnRule, Row } from "./row";
import type { StackMemory } from "./stack-memory";
import { addressOf, type UserStackCopy } from "./user-stack";

/** A row that needs nothing but one register and the stack, as nearly all do. */
interface PlainRow {
  /** The CFA is so far from what is in this column. */
  readonly column: number;
  readonly offset: number;
  /** What is saved where, from the CFA. */
  readonly columns: readonly number[];
  readonly offsets: readonly number[];
  /** Where the return address is, and the caller's frame pointer unless it stays. */
  readonly returnOffset: number;
  readonly fpOffset: number | undefined;
  /** The register is the stack pointer or the frame pointer. */
  readonly isTraceable: boolean;
}

/** The registers of a frame. What is not known is NaN. */
export class Frame {
  pc = 0;
  readonly registers: Float64Array;
  private readonly before: Float64Array;
  /** The stack pointer is only known to lie below the frame's end. */
  private isSpGuessed = false;
  private readonly plainRows = new WeakMap<Row, PlainRow | "other">();
  /** Where the return address was read on the last way to a caller, and the frame pointer; 0 if that has stayed. */
  readonly places = new Float64Array(2);

  constructor(
    private readonly machine: UnwindMachine,
    private readonly memory: StackMemory,
  ) {
    this.registers = new Float64Array(machine.columns.length);
    this.before = new Float64Array(machine.columns.length);
  }

  /** Starts with the registers as the kernel saved them. */
  enter({ words, registersAt }: UserStackCopy): void {
    const { columns, pcWord, highMask } = this.machine;
    for (let column = 0; column < columns.length; column++)
      this.registers[column] = addressAt(words, registersAt + 2 * (columns[column] as number), highMask);
    this.pc = addressAt(words, registersAt + 2 * pcWord, highMask);
    this.isSpGuessed = false;
  }

  get sp(): number {
    return this.registers[this.machine.spColumn] as number;
  }

  get fp(): number {
    return this.registers[this.machine.fpColumn] as number;
  }

  /**
   * Goes to the caller as a row says. What is then not known is NaN, also pc and sp. True if what was read at `places`, pc,
   * sp and fp are all that decided where it led.
   */
  leave(row: Row): boolean {
    let plain = this.plainRows.get(row);
    if (plain === undefined) {
      plain = plainRow(row, this.machine) ?? "other";
      this.plainRows.set(row, plain);
    }
    if (plain !== "other" && !this.isSpGuessed) return this.leavePlain(plain, row.returnColumn);
    this.leaveByRules(row);
    return false;
  }

  private leavePlain(plain: PlainRow, returnColumn: number): boolean {
    const { registers, places, memory } = this;
    const { spColumn } = this.machine;
    const { columns, offsets, fpOffset } = plain;
    const sp = registers[spColumn] as number;
    const cfa = (registers[plain.column] as number) + plain.offset;
    const returnAt = cfa + plain.returnOffset;
    const fpAt = fpOffset === undefined ? 0 : cfa + fpOffset;
    for (let i = 0; i < columns.length; i++) {
      const address = cfa + (offsets[i] as number);
      // As in `saved`.
      if (!(address < sp)) registers[columns[i] as number] = memory.word(address);
    }
    registers[spColumn] = cfa;
    this.setPc(registers[returnColumn] as number);
    places[0] = returnAt;
    places[1] = fpAt;
    return plain.isTraceable && returnAt >= sp && (fpAt === 0 || fpAt >= sp);
  }

  private leaveByRules(row: Row): void {
    const { registers, before, machine } = this;
    before.set(registers);
    const cfa = this.cfaOf(row);
    registers[machine.spColumn] = cfa;
    let pc = this.column(row.returnColumn);
    for (const rule of row.rules) {
      const isReturn = rule.column === row.returnColumn;
      // Registers that nobody counts an address from, such as those of vectors.
      if (!isReturn && rule.column >= registers.length) continue;
      const value = this.valueOf(rule, cfa);
      if (rule.column < registers.length) registers[rule.column] = value;
      if (isReturn) pc = value;
    }
    this.setPc(pc);
  }

  /**
   * Goes to the caller along the frame pointer: it points to the caller's, above which the return address stands. On
   * x86-64 that is the end of the frame; on arm64 other registers may be saved above it. True as for `leave`.
   */
  leaveByFramePointer(): boolean {
    const { fp, places } = this;
    const { spColumn, fpColumn, linkColumn } = this.machine;
    places[0] = fp + 8;
    places[1] = fp;
    this.setPc(this.memory.word(fp + 8));
    this.registers[fpColumn] = this.memory.word(fp);
    this.registers[spColumn] = fp + 16;
    // Elsewhere the return address is the last word of its frame.
    this.isSpGuessed = linkColumn !== undefined;
    return !this.isSpGuessed;
  }

  /** Continues with what a signal interrupted: `context` gives the address of the word saved for a column. */
  leaveSignal(addressOf: (column: number) => number, pcAddress: number): void {
    for (let column = 0; column < this.registers.length; column++)
      this.registers[column] = this.memory.word(addressOf(column));
    this.setPc(this.memory.word(pcAddress));
    this.isSpGuessed = false;
  }

  private setPc(pc: number): void {
    this.pc = pc;
    if (this.machine.pcColumn !== undefined) this.registers[this.machine.pcColumn] = pc;
  }

  private readonly column = (column: number): number => this.before[column] ?? Number.NaN;

  private cfaOf({ cfa, rules }: Row): number {
    if (cfa.kind === "expression") return this.evaluate(cfa.code);
    const { spColumn, fpColumn } = this.machine;
    if (this.isSpGuessed && cfa.column === spColumn) {
      this.isSpGuessed = false;
      // The frame pointer points to where the caller's is saved, and the row tells how far that is from the CFA.
      const saved = rules.find(({ column }) => column === fpColumn)?.rule;
      if (saved?.kind === "saved") return this.column(fpColumn) - saved.offset;
    }
    return this.column(cfa.column) + cfa.offset;
  }

  private valueOf({ column, rule }: ColumnRule, cfa: number): number {
    switch (rule.kind) {
      case "saved":
        return this.saved(column, cfa + rule.offset);
      case "saved-expression":
        return this.saved(column, this.evaluate(rule.code, cfa));
      case "value":
        return cfa + rule.offset;
      case "value-expression":
        return this.evaluate(rule.code, cfa);
      case "register":
        return this.column(rule.column);
      case "undefined":
        return Number.NaN;
    }
  }

  /**
   * A register that was saved at an address. Below the stack pointer it has been popped again: compilers leave the rule
   * in place up to the return, as the word is still there. The copy does not have it, the register does.
   */
  private saved(column: number, address: number): number {
    const sp = this.column(this.machine.spColumn);
    return address < sp ? this.column(column) : this.memory.word(address);
  }

  private evaluate(code: Uint8Array, initial?: number): number {
    return evaluate(code, { register: this.column, word: this.memory.word }, initial);
  }
}

function addressAt(words: Uint32Array, at: number, highMask: number): number {
  return addressOf(words[at + 1] as number, words[at] as number, highMask);
}

function plainRow(
  { cfa, rules, returnColumn, isSignalFrame, isOutermost }: Row,
  { columns, spColumn, fpColumn }: UnwindMachine,
): PlainRow | undefined {
  if (isSignalFrame || isOutermost || cfa.kind !== "register") return undefined;
  const saved = new Map<number, number>();
  for (const { column, rule } of rules) {
    if (column >= columns.length && column !== returnColumn) continue;
    if (rule.kind !== "saved" || column === spColumn) return undefined;
    saved.set(column, rule.offset);
  }
  const returnOffset = saved.get(returnColumn);
  const highest = Math.max(cfa.column, returnColumn);
  if (returnOffset === undefined || highest >= columns.length) return undefined;
  return {
    column: cfa.column,
    offset: cfa.offset,
    columns: [...saved.keys()],
    offsets: [...saved.values()],
    returnOffset,
    fpOffset: saved.get(fpColumn),
    isTraceable: cfa.column === spColumn || cfa.column === fpColumn,
  };
}
