/** One frame's registers, and the way from a frame to its caller's. */
import { evaluate } from "./expression";
import type { UnwindMachine } from "./machine";
import type { ColumnRule, Row } from "./row";
import type { StackMemory } from "./stack-memory";
import type { UserStackCopy } from "./user-stack";

/** What leads to the caller by a row that needs nothing but the stack and frame pointers. */
interface PlainRow {
  /** The CFA is so far from what is in this column. */
  readonly column: number;
  readonly offset: number;
  /** Where the return address is, and the caller's frame pointer unless it stays, both from the CFA. */
  readonly returnOffset: number;
  readonly fpOffset: number | undefined;
}

/** The registers of a frame. What is not known is NaN. */
export class Frame {
  pc = 0;
  readonly registers: Float64Array;
  private readonly before: Float64Array;
  /** The stack pointer is only known to lie below the frame's end. */
  private isSpGuessed = false;
  private readonly plainRows = new WeakMap<Row, PlainRow | "other">();
  /** Where the return address is read, and the caller's frame pointer; 0 if that stays: see `findPlaces`. */
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
   * Sets `places` to what leaving by this row reads; false unless that, sp, fp and pc are all that decides where it leads.
   * To be asked before.
   */
  findPlaces(row: Row): boolean {
    let plain = this.plainRows.get(row);
    if (plain === undefined) {
      plain = plainRow(row, this.machine) ?? "other";
      this.plainRows.set(row, plain);
    }
    if (plain === "other" || this.isSpGuessed) return false;
    const { sp, places } = this;
    const cfa = (this.registers[plain.column] as number) + plain.offset;
    const returnAt = cfa + plain.returnOffset;
    const fpAt = plain.fpOffset === undefined ? 0 : cfa + plain.fpOffset;
    places[0] = returnAt;
    places[1] = fpAt;
    // What lies below the stack pointer is not read.
    return returnAt >= sp && (fpAt === 0 || fpAt >= sp);
  }

  /** The same for the way along the frame pointer. */
  findPlacesOfChain(): boolean {
    const { places, fp } = this;
    places[0] = fp + 8;
    places[1] = fp;
    return !this.machine.hasLinkRegister;
  }

  /** Goes to the caller as a row says. What is then not known is NaN, also pc and sp. */
  leave(row: Row): void {
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
   * x86-64 that is the end of the frame; on arm64 other registers may be saved above it.
   */
  leaveByFramePointer(): void {
    const { fp } = this;
    const { spColumn, fpColumn } = this.machine;
    this.setPc(this.memory.word(fp + 8));
    this.registers[fpColumn] = this.memory.word(fp);
    this.registers[spColumn] = fp + 16;
    this.isSpGuessed = this.machine.hasLinkRegister;
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
  return (((words[at + 1] as number) & highMask) >>> 0) * 2 ** 32 + (words[at] as number);
}

function plainRow(
  { cfa, rules, returnColumn, isSignalFrame, isOutermost }: Row,
  { spColumn, fpColumn }: UnwindMachine,
): PlainRow | undefined {
  if (isSignalFrame || isOutermost || cfa.kind !== "register") return undefined;
  if (cfa.column !== spColumn && cfa.column !== fpColumn) return undefined;
  const ruleOf = (column: number) => rules.find((each) => each.column === column)?.rule;
  const [atReturn, ofFp] = [ruleOf(returnColumn), ruleOf(fpColumn)];
  if (atReturn?.kind !== "saved" || ruleOf(spColumn) !== undefined) return undefined;
  if (ofFp !== undefined && ofFp.kind !== "saved") return undefined;
  return { column: cfa.column, offset: cfa.offset, returnOffset: atReturn.offset, fpOffset: ofFp?.offset };
}
