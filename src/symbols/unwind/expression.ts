/** DWARF expressions as call frame information has them: small programs on a stack (DWARF 5, section 2.5). */
import { Cursor } from "./cursor";

/** What an expression may look at. What it cannot have is NaN. */
export interface ExpressionContext {
  /** A register by its column. */
  register(column: number): number;
  /** The word in memory at an address. */
  word(address: number): number;
}

/** An expression may jump backwards: more steps than this are taken for a circle. */
const MOST_STEPS = 1000;
const MOST_VALUES = 64;

const MASK = (1n << 64n) - 1n;

/**
 * The expression's value, NaN where memory or a register it needs is not known. `initial` lies on the stack when it
 * begins: the CFA, for the rule of a register. Damaged ones throw a RangeError.
 */
export function evaluate(code: Uint8Array, context: ExpressionContext, initial?: number): number {
  try {
    return Number(new Evaluation(code, context, initial).run());
  } catch (error) {
    if (error instanceof Unknown) return Number.NaN;
    throw error;
  }
}

/** Something the expression needs cannot be had. */
class Unknown extends Error {}

function known(value: number): bigint {
  if (!Number.isInteger(value)) throw new Unknown();
  return BigInt(value);
}

/** Values are unsigned 64-bit words; comparisons and some operations take them as signed ones. */
class Evaluation {
  private readonly values: bigint[] = [];
  private readonly cursor: Cursor;

  constructor(
    code: Uint8Array,
    private readonly context: ExpressionContext,
    initial: number | undefined,
  ) {
    this.cursor = new Cursor(new DataView(code.buffer, code.byteOffset, code.byteLength), 0);
    if (initial !== undefined) this.push(known(initial));
  }

  run(): bigint {
    for (let steps = 0; !this.cursor.done; steps++) {
      if (steps >= MOST_STEPS) throw new RangeError(`expression: more than ${MOST_STEPS} steps`);
      this.execute(this.cursor.u8());
    }
    return this.pop();
  }

  /** DW_OP_* by number. */
  private execute(opcode: number): void {
    const constant = this.constant(opcode);
    if (constant !== undefined) this.push(constant);
    else if (opcode >= 0x70 && opcode <= 0x8f)
      this.base(opcode - 0x70); // breg0 to breg31
    else if (opcode >= 0x12 && opcode <= 0x17) this.arrange(opcode);
    else if (opcode >= 0x19 && opcode <= 0x2e && opcode !== 0x28) this.calculate(opcode);
    else this.executeOther(opcode);
  }

  private executeOther(opcode: number): void {
    switch (opcode) {
      case 0x06: // deref
        this.push(this.load(8));
        return;
      case 0x94: // deref_size
        this.push(this.load(this.cursor.u8()));
        return;
      case 0x92: // bregx
        this.base(this.cursor.uleb());
        return;
      case 0x28: // bra
        this.jump(this.cursor.s16(), this.pop() !== 0n);
        return;
      case 0x2f: // skip
        this.jump(this.cursor.s16(), true);
        return;
      case 0x96: // nop
        return;
      default:
        throw new RangeError(`expression: operation ${opcode} is unknown`);
    }
  }

  /** The constant that an instruction carries, if it does. */
  private constant(opcode: number): bigint | undefined {
    const { cursor } = this;
    if (opcode >= 0x30 && opcode <= 0x4f) return BigInt(opcode - 0x30); // lit0 to lit31
    switch (opcode) {
      case 0x03: // addr
      case 0x0e: // const8u
        return BigInt(cursor.u32()) | (BigInt(cursor.u32()) << 32n);
      case 0x0f: // const8s
        return BigInt(cursor.u32()) | (BigInt(cursor.s32()) << 32n);
      case 0x08:
        return BigInt(cursor.u8());
      case 0x09:
        return BigInt(cursor.s8());
      case 0x0a:
        return BigInt(cursor.u16());
      case 0x0b:
        return BigInt(cursor.s16());
      case 0x0c:
        return BigInt(cursor.u32());
      case 0x0d:
        return BigInt(cursor.s32());
      case 0x10:
        return BigInt(cursor.uleb());
      case 0x11:
        return BigInt(cursor.sleb());
      default:
        return undefined;
    }
  }

  /** The instructions that move values on the stack. */
  private arrange(opcode: number): void {
    switch (opcode) {
      case 0x12: // dup
        this.push(this.peek(0));
        return;
      case 0x13: // drop
        this.pop();
        return;
      case 0x14: // over
        this.push(this.peek(1));
        return;
      case 0x15: // pick
        this.push(this.peek(this.cursor.u8()));
        return;
      case 0x16: // swap
        this.push(this.pop(), this.pop());
        return;
      default: {
        // 0x17 rot: the first becomes the third
        const [first, second, third] = [this.pop(), this.pop(), this.pop()];
        this.push(first, third, second);
      }
    }
  }

  private calculate(opcode: number): void {
    const right = this.pop();
    const alone = opcode === 0x23 ? right + BigInt(this.cursor.uleb()) : calculateOne(opcode, right); // plus_uconst
    this.push(alone ?? calculateTwo(opcode, this.pop(), right));
  }

  private base(column: number): void {
    this.push(known(this.context.register(column)) + BigInt(this.cursor.sleb()));
  }

  private load(size: number): bigint {
    if (![1, 2, 4, 8].includes(size)) throw new RangeError(`expression: ${size} bytes are no word`);
    return known(this.context.word(Number(this.pop()))) & (MASK >> BigInt(64 - 8 * size));
  }

  private jump(distance: number, taken: boolean): void {
    if (!taken) return;
    this.cursor.at += distance;
    if (this.cursor.at < 0) throw new RangeError("expression: jumps out");
  }

  private push(...values: readonly bigint[]): void {
    for (const value of values) this.values.push(value & MASK);
    if (this.values.length > MOST_VALUES) throw new RangeError(`expression: more than ${MOST_VALUES} values`);
  }

  private pop(): bigint {
    return this.values.pop() ?? tooFew();
  }

  private peek(depth: number): bigint {
    return this.values.at(-1 - depth) ?? tooFew();
  }
}

function tooFew(): never {
  throw new RangeError("expression: too few values");
}

const signed = (value: bigint): bigint => BigInt.asIntN(64, value);

function calculateOne(opcode: number, value: bigint): bigint | undefined {
  switch (opcode) {
    case 0x19: // abs
      return signed(value) < 0n ? -signed(value) : value;
    case 0x1f: // neg
      return -value;
    case 0x20: // not
      return ~value;
    default:
      return undefined;
  }
}

function calculateTwo(opcode: number, left: bigint, right: bigint): bigint {
  switch (opcode) {
    case 0x1a:
      return left & right;
    case 0x1b: // div
      return right === 0n ? byZero() : signed(left) / signed(right);
    case 0x1c:
      return left - right;
    case 0x1d: // mod
      return right === 0n ? byZero() : left % right;
    case 0x1e:
      return left * right;
    case 0x21:
      return left | right;
    case 0x22:
      return left + right;
    case 0x24: // shl
      return right > 63n ? 0n : left << right;
    case 0x25: // shr
      return right > 63n ? 0n : left >> right;
    case 0x26: // shra
      return signed(left) >> (right > 63n ? 63n : right);
    case 0x27:
      return left ^ right;
    default:
      return compare(opcode, signed(left), signed(right)) ? 1n : 0n;
  }
}

function compare(opcode: number, left: bigint, right: bigint): boolean {
  switch (opcode) {
    case 0x29: // eq
      return left === right;
    case 0x2a: // ge
      return left >= right;
    case 0x2b: // gt
      return left > right;
    case 0x2c: // le
      return left <= right;
    case 0x2d: // lt
      return left < right;
    default: // 0x2e ne
      return left !== right;
  }
}

function byZero(): never {
  throw new RangeError("expression: division by zero");
}
