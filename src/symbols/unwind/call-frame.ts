/** Runs a function's call frame instructions up to an address: the row that holds there (DWARF 5, section 6.4). */
import type { Cursor } from "./cursor";
import type { CommonInfo, FunctionInfo } from "./frame-entries";
import type { CfaRule, RegisterRule, Row } from "./row";
import { cursorIn, readPointer, type Section } from "./section";

/** States that may be remembered at once: compilers nest them a few deep, and each costs a copy. */
const MOST_REMEMBERED = 64;
/** Above the highest column: x86-64 has mask registers up to 125, arm64 vectors up to 127. */
const MOST_COLUMNS = 160;
/** Instructions of one function: the largest have some thousands. */
const MOST_INSTRUCTIONS = 65536;

type Rules = Map<number, RegisterRule>;

/** The table's row while the instructions run. */
interface State {
  cfa: CfaRule | undefined;
  rules: Rules;
}

const UNDEFINED: RegisterRule = { kind: "undefined" };

/** A row, and the addresses from `start` up to `end` that it holds at. */
export interface RowRange {
  readonly row: Row;
  readonly start: number;
  readonly end: number;
}

/** The row that holds at an address of the function. Damaged information throws a RangeError. */
export function rowAt(section: Section, info: FunctionInfo, address: number): RowRange {
  const { common } = info;
  const machine = new CallFrameMachine(section, common, info.start, address);
  machine.run(common.from, common.to);
  machine.keepInitialRules();
  machine.run(info.from, info.to);
  const { start, next } = machine;
  return { row: machine.row(), start, end: Math.min(next, info.end) };
}

/** All rows of the function, one behind the other. Damaged information throws a RangeError. */
export function rowsOf(section: Section, info: FunctionInfo): RowRange[] {
  const { common } = info;
  const found: RowRange[] = [];
  const machine = new CallFrameMachine(section, common, info.start, Number.POSITIVE_INFINITY);
  const rowUpTo = (end: number, start: number) => {
    if (start < end) found.push({ row: machine.row(), start, end });
  };
  machine.run(common.from, common.to);
  machine.keepInitialRules();
  machine.run(info.from, info.to, (start, end) => rowUpTo(Math.min(end, info.end), start));
  rowUpTo(info.end, machine.start);
  return found;
}

class CallFrameMachine {
  private state: State = { cfa: undefined, rules: new Map() };
  private initial: Rules = new Map();
  private readonly remembered: State[] = [];
  private executed = 0;
  /** Where the row begins: the highest address that the instructions have come to, up to the one asked for. */
  start: number;

  constructor(
    private readonly section: Section,
    private readonly common: CommonInfo,
    /** The address that the instructions have come to. */
    private location: number,
    private readonly address: number,
  ) {
    this.start = location;
  }

  /** Where the next row begins. */
  get next(): number {
    if (this.location <= this.address) return Number.POSITIVE_INFINITY;
    return Number.isNaN(this.location) ? this.address + 1 : this.location;
  }

  /** `restore` goes back to the rules of the CIE. */
  keepInitialRules(): void {
    this.initial = new Map(this.state.rules);
  }

  row(): Row {
    const { cfa, rules } = this.state;
    if (cfa === undefined) throw new RangeError("call frame: no CFA");
    const { returnColumn, isSignalFrame } = this.common;
    const isOutermost = rules.get(returnColumn)?.kind === "undefined";
    const listed = [...rules].map(([column, rule]) => ({ column, rule }));
    return { cfa, rules: listed, returnColumn, isOutermost, isSignalFrame };
  }

  /**
   * Runs a range of instructions, or as far as they are about the address. `onRow` is told from where to where the row as it
   * stands holds, when that is over.
   */
  run(from: number, to: number, onRow?: (start: number, end: number) => void): void {
    const cursor = cursorIn(this.section, from, to);
    while (!cursor.done && this.location <= this.address) {
      if (this.location > this.start) {
        onRow?.(this.start, this.location);
        this.start = this.location;
      }
      if (++this.executed > MOST_INSTRUCTIONS) fault("too many instructions");
      const opcode = cursor.u8();
      const operand = opcode & 0x3f;
      // Three instructions have their operand in the opcode.
      if (opcode >= 0xc0) this.restore(operand);
      else if (opcode >= 0x80) this.save(operand, cursor.uleb());
      else if (opcode >= 0x40) this.advance(operand);
      else this.execute(opcode, cursor);
    }
  }

  /** DW_CFA_* by number. */
  private execute(opcode: number, cursor: Cursor): void {
    switch (opcode) {
      case 0x00: // nop
      case 0x2c: // AARCH64_negate_ra_state_with_pc
      case 0x2d: // AARCH64_negate_ra_state: signatures are taken off every address, so nobody asks
        return;
      case 0x01: // set_loc
        this.location = readPointer(this.section, cursor, this.common.pointerEncoding) ?? Number.NaN;
        return;
      case 0x02: // advance_loc1
        this.advance(cursor.u8());
        return;
      case 0x03: // advance_loc2
        this.advance(cursor.u16());
        return;
      case 0x04: // advance_loc4
        this.advance(cursor.u32());
        return;
      case 0x0a: // remember_state
        this.remember();
        return;
      case 0x0b: // restore_state
        this.state = this.remembered.pop() ?? fault("restore_state without remember_state");
        return;
      case 0x2e: // GNU_args_size: for unwinders that run handlers
        cursor.uleb();
        return;
      default:
        if (opcode >= 0x0c && opcode <= 0x13 && opcode !== 0x10 && opcode !== 0x11)
          this.executeCfa(opcode, cursor);
        else this.executeRule(opcode, cursor);
    }
  }

  /** The instructions about the CFA. */
  private executeCfa(opcode: number, cursor: Cursor): void {
    const { dataAlign } = this.common;
    switch (opcode) {
      case 0x0c: // def_cfa
        this.state.cfa = { kind: "register", column: cursor.uleb(), offset: cursor.uleb() };
        return;
      case 0x12: // def_cfa_sf
        this.state.cfa = { kind: "register", column: cursor.uleb(), offset: cursor.sleb() * dataAlign };
        return;
      case 0x0d: // def_cfa_register
        this.state.cfa = { ...this.cfaRegister(), column: cursor.uleb() };
        return;
      case 0x0e: // def_cfa_offset
        this.state.cfa = { ...this.cfaRegister(), offset: cursor.uleb() };
        return;
      case 0x13: // def_cfa_offset_sf
        this.state.cfa = { ...this.cfaRegister(), offset: cursor.sleb() * dataAlign };
        return;
      default: // 0x0f def_cfa_expression
        this.state.cfa = { kind: "expression", code: cursor.bytes(cursor.uleb()) };
    }
  }

  /** The instructions about one register. */
  private executeRule(opcode: number, cursor: Cursor): void {
    const column = cursor.uleb();
    switch (opcode) {
      case 0x05: // offset_extended
        this.save(column, cursor.uleb());
        return;
      case 0x11: // offset_extended_sf
        this.save(column, cursor.sleb());
        return;
      case 0x2f: // GNU_negative_offset_extended
        this.save(column, -cursor.uleb());
        return;
      case 0x06: // restore_extended
        this.restore(column);
        return;
      case 0x07: // undefined
        this.set(column, UNDEFINED);
        return;
      case 0x08: // same_value
        this.state.rules.delete(column);
        return;
      case 0x09: // register
        this.set(column, { kind: "register", column: cursor.uleb() });
        return;
      case 0x10: // expression
        this.set(column, { kind: "saved-expression", code: cursor.bytes(cursor.uleb()) });
        return;
      case 0x16: // val_expression
        this.set(column, { kind: "value-expression", code: cursor.bytes(cursor.uleb()) });
        return;
      case 0x14: // val_offset
        this.set(column, { kind: "value", offset: cursor.uleb() * this.common.dataAlign });
        return;
      case 0x15: // val_offset_sf
        this.set(column, { kind: "value", offset: cursor.sleb() * this.common.dataAlign });
        return;
      default:
        fault(`instruction ${opcode} is unknown`);
    }
  }

  private advance(delta: number): void {
    this.location += delta * this.common.codeAlign;
  }

  private save(column: number, factored: number): void {
    this.set(column, { kind: "saved", offset: factored * this.common.dataAlign });
  }

  private restore(column: number): void {
    const rule = this.initial.get(column);
    if (rule === undefined) this.state.rules.delete(column);
    else this.set(column, rule);
  }

  private set(column: number, rule: RegisterRule): void {
    if (column >= MOST_COLUMNS) fault(`register ${column} is unknown`);
    this.state.rules.set(column, rule);
  }

  /** The CFA goes with the registers' rules: compilers rely on it, though the standard speaks of registers. */
  private remember(): void {
    if (this.remembered.length >= MOST_REMEMBERED) fault("too many states are remembered");
    this.remembered.push({ cfa: this.state.cfa, rules: new Map(this.state.rules) });
  }

  private cfaRegister(): CfaRule & { kind: "register" } {
    const { cfa } = this.state;
    return cfa?.kind === "register" ? cfa : fault("the CFA counts from no register");
  }
}

function fault(what: string): never {
  throw new RangeError(`call frame: ${what}`);
}
