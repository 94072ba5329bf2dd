/**
 * RFC 9669 as a small interpreter: what a program must compute. It is written from the document alone and
 * shares nothing with the assembler but the numbers of the fields, so that the kernel, the assembler and it
 * have to agree. Registers are bigints from 0 to 2^64 − 1.
 */
import { type Assembled, assemble, type Block, type Instruction } from "../../src/asm";

const u = (bits: number, value: bigint) => BigInt.asUintN(bits, value);
const s = (bits: number, value: bigint) => BigInt.asIntN(bits, value);

/** Bytes at an address. */
interface Region {
  readonly base: bigint;
  readonly bytes: Uint8Array;
}

export interface Machine {
  /** The first value of each map, by name. */
  readonly maps?: Readonly<Record<string, Uint8Array>>;
  /** What legacy packet loads read; offset 0 is its first byte. */
  readonly packet?: Uint8Array;
  /** Helper functions by id: arguments r1 to r5, result r0. */
  readonly helpers?: Readonly<Record<number, (...args: readonly bigint[]) => bigint>>;
}

const STACK = 512;
/** Where the first map's value is: the others and the stack follow. Helpers of a test may point into it. */
export const firstAddress = 0x1000_0000n;
/** What a map is to the helpers that take one. */
const MAP = 0x6000_0000n;
const FUNCTION = 0x7fff_0000_0000n;
/** A test program ends; one that does not is a fault of the test. */
const STEPS = 1_000_000;

function reversed(bits: number, value: bigint): bigint {
  let result = 0n;
  for (let done = 0; done < bits; done += 8) result = (result << 8n) | ((value >> BigInt(done)) & 0xffn);
  return result;
}

/** Section 4.1, with operands already cut to `bits`. */
function arithmetic(code: number, bits: 32 | 64, offset: number, dst: bigint, src: bigint): bigint {
  const shift = src & BigInt(bits - 1);
  switch (code) {
    case 0x0:
      return dst + src;
    case 0x1:
      return dst - src;
    case 0x2:
      return dst * src;
    case 0x3:
      if (src === 0n) return 0n;
      return offset === 1 ? s(bits, dst) / s(bits, src) : dst / src;
    case 0x4:
      return dst | src;
    case 0x5:
      return dst & src;
    case 0x6:
      return dst << shift;
    case 0x7:
      return dst >> shift;
    case 0x8:
      return -dst;
    case 0x9:
      if (src === 0n) return dst;
      return offset === 1 ? s(bits, dst) % s(bits, src) : dst % src;
    case 0xa:
      return dst ^ src;
    case 0xb:
      return offset === 0 ? src : s(offset, src);
    case 0xc:
      return s(bits, dst) >> shift;
    default:
      throw new Error(`model: arithmetic code ${code}`);
  }
}

/** Section 4.3 */
function holds(code: number, bits: 32 | 64, left: bigint, right: bigint): boolean {
  const [a, b] = [u(bits, left), u(bits, right)];
  const [sa, sb] = [s(bits, left), s(bits, right)];
  switch (code) {
    case 0x1:
      return a === b;
    case 0x2:
      return a > b;
    case 0x3:
      return a >= b;
    case 0x4:
      return (a & b) !== 0n;
    case 0x5:
      return a !== b;
    case 0x6:
      return sa > sb;
    case 0x7:
      return sa >= sb;
    case 0xa:
      return a < b;
    case 0xb:
      return a <= b;
    case 0xc:
      return sa < sb;
    case 0xd:
      return sa <= sb;
    default:
      throw new Error(`model: jump code ${code}`);
  }
}

class Run {
  private readonly regions: Region[] = [];
  private readonly mapAt = new Map<string, bigint>();
  private readonly registers: bigint[] = new Array(11).fill(0n);
  private steps = 0;

  constructor(
    private readonly program: Assembled,
    private readonly machine: Machine,
  ) {
    for (const [name, bytes] of Object.entries(machine.maps ?? {})) this.mapAt.set(name, this.place(bytes));
  }

  private place(bytes: Uint8Array): bigint {
    const last = this.regions.at(-1);
    const base = last === undefined ? firstAddress : last.base + BigInt(last.bytes.length) + 0x1000n;
    this.regions.push({ base, bytes });
    return base;
  }

  private view(address: bigint, width: number): [DataView, number] {
    const region = this.regions.find(
      ({ base, bytes }) => address >= base && address + BigInt(width) <= base + BigInt(bytes.length),
    );
    if (region === undefined)
      throw new RangeError(`model: ${width} bytes at 0x${address.toString(16)} are nobody's`);
    const { buffer, byteOffset, byteLength } = region.bytes;
    return [new DataView(buffer, byteOffset, byteLength), Number(address - region.base)];
  }

  private read(address: bigint, width: number): bigint {
    const [view, at] = this.view(address, width);
    let value = 0n;
    for (let i = width - 1; i >= 0; i--) value = (value << 8n) | BigInt(view.getUint8(at + i));
    return value;
  }

  private write(address: bigint, width: number, value: bigint): void {
    const [view, at] = this.view(address, width);
    for (let i = 0; i < width; i++) view.setUint8(at + i, Number((value >> BigInt(8 * i)) & 0xffn));
  }

  private get(register: number): bigint {
    return this.registers[register] as bigint;
  }

  private set(register: number, value: bigint): void {
    this.registers[register] = u(64, value);
  }

  /** Runs a function from `slot` to its exit. */
  private call(slot: number): bigint {
    const kept = this.registers.slice(6, 11);
    const stack = new Uint8Array(STACK);
    this.set(10, this.place(stack) + BigInt(STACK));
    for (let next: number | undefined = slot; next !== undefined; next = this.step(next))
      if (++this.steps > STEPS) throw new Error("model: the program does not end");
    this.registers.splice(6, 5, ...kept);
    return this.get(0);
  }

  start(): bigint {
    return this.call(0);
  }

  /** Executes the instruction at `slot` and gives the next slot, or undefined after an exit. */
  private step(slot: number): number | undefined {
    const of = this.program.at(slot);
    if (of === undefined) throw new Error(`model: no instruction at slot ${slot}`);
    // Offsets of jumps are in the bytes: the value only refers to a label.
    const view = new DataView(this.program.bytes.buffer);
    const offset = view.getInt16(8 * slot + 2, true);
    const imm = view.getInt32(8 * slot + 4, true);
    switch (of.opcode & 7) {
      case 4:
        this.alu(of, 32);
        return slot + 1;
      case 7:
        this.alu(of, 64);
        return slot + 1;
      case 5:
        return this.jump(of, 64, slot + 1, offset, imm);
      case 6:
        return this.jump(of, 32, slot + 1, offset, imm);
      case 0:
        this.loadSpecial(of, slot, imm);
        return slot + of.slots;
      default:
        this.memory(of);
        return slot + 1;
    }
  }

  private alu(of: Instruction, bits: 32 | 64): void {
    const code = of.opcode >> 4;
    if (code === 0xd) {
      const value = u(of.imm, this.get(of.dst));
      // The hosts are little-endian: le only cuts, be swaps; class ALU64 always swaps.
      const swaps = bits === 64 || (of.opcode & 8) !== 0;
      this.set(of.dst, swaps ? reversed(of.imm, value) : value);
      return;
    }
    const source = of.opcode & 8 ? this.get(of.src) : BigInt(of.imm);
    const result = arithmetic(code, bits, of.offset, u(bits, this.get(of.dst)), u(bits, source));
    this.set(of.dst, u(bits, result));
  }

  private jump(
    of: Instruction,
    bits: 32 | 64,
    next: number,
    offset: number,
    imm: number,
  ): number | undefined {
    const code = of.opcode >> 4;
    if (code === 0x9) return undefined;
    if (code === 0x0) return next + (bits === 64 ? offset : imm);
    if (code === 0x8) {
      if (of.src === 1) this.set(0, this.call(next + imm));
      else this.set(0, this.helper(of));
      return next;
    }
    const right = of.opcode & 8 ? this.get(of.src) : BigInt(of.imm);
    return holds(code, bits, this.get(of.dst), right) ? next + offset : next;
  }

  private helper(of: Instruction): bigint {
    const run = of.src === 0 ? this.machine.helpers?.[of.imm] : undefined;
    if (run === undefined) throw new Error(`model: call of kind ${of.src} to ${of.imm}`);
    return run(...this.registers.slice(1, 6));
  }

  private loadSpecial(of: Instruction, slot: number, imm: number): void {
    const width = { 0: 4, 8: 2, 16: 1 }[of.opcode & 0x18] ?? 8;
    const mode = of.opcode >> 5;
    if (mode !== 0) {
      const at = imm + (mode === 2 ? Number(u(32, this.get(of.src))) : 0);
      const bytes = (this.machine.packet ?? new Uint8Array()).subarray(at, at + width);
      this.set(
        0,
        [...bytes].reduce((value, byte) => (value << 8n) | BigInt(byte), 0n),
      );
      return;
    }
    const high = BigInt(of.high ?? 0);
    if (of.src === 0) this.set(of.dst, (high << 32n) | u(32, BigInt(imm)));
    else if (of.src === 4) this.set(of.dst, FUNCTION + BigInt(slot + 1 + imm));
    else if (of.src === 1) this.set(of.dst, MAP);
    else if (of.reference?.kind === "map" && of.src === 2)
      this.set(of.dst, (this.mapAt.get(of.reference.map.name) ?? 0n) + u(32, high));
    else throw new Error(`model: 64-bit immediate of kind ${of.src}`);
  }

  private memory(of: Instruction): void {
    const width = { 0: 4, 8: 2, 16: 1, 24: 8 }[of.opcode & 0x18] ?? 0;
    const mode = of.opcode >> 5;
    if ((of.opcode & 7) === 1) {
      const value = this.read(this.get(of.src) + BigInt(of.offset), width);
      this.set(of.dst, mode === 4 ? s(8 * width, value) : value);
      return;
    }
    const address = this.get(of.dst) + BigInt(of.offset);
    const value = (of.opcode & 7) === 2 ? BigInt(of.imm) : this.get(of.src);
    if (mode === 6) this.atomic(of, address, width);
    else this.write(address, width, value);
  }

  private atomic(of: Instruction, address: bigint, width: number): void {
    const bits = 8 * width;
    const old = this.read(address, width);
    const value = u(bits, this.get(of.src));
    if (of.imm === 0xf1) {
      if (old === u(bits, this.get(0))) this.write(address, width, value);
      this.set(0, old);
      return;
    }
    const results: Readonly<Record<number, bigint>> = {
      0: old + value,
      64: old | value,
      80: old & value,
      160: old ^ value,
      224: value,
    };
    const result = results[of.imm & ~1];
    if (result === undefined) throw new Error(`model: atomic operation ${of.imm}`);
    this.write(address, width, result);
    if (of.imm & 1) this.set(of.src, old);
  }
}

/** Runs a program on the model and gives r0 as it ends; maps of the machine are changed in place. */
export function runModel(program: Block | Assembled, machine: Machine = {}): bigint {
  const assembled = "bytes" in program ? program : assemble(program);
  return new Run(assembled, machine).start();
}
