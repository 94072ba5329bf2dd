/** Publishes what was found out about places, so that from then on programs unwind there themselves. */
import type { Session } from "../../bpf/session";
import { type UnwindMachine, unwindMachine } from "../../symbols/unwind/machine";
import type { Row } from "../../symbols/unwind/row";
import type { UnwindInfo } from "../../symbols/unwind/unwind-info";
import type { UnwindProcess, UnwoundStack } from "../../symbols/unwind/unwinder";
import { PublishedMappings } from "./published-mappings";
import { blockAround, blocksOf, PublishedWords } from "./published-words";
import { type BlockBits, MOST_RULES, ROW_BLOCKS, Rule, type UnwindRows } from "./rows";
import { type RuleFields, rowAtAddress, ruleOf } from "./rule-of";

export class PublishedRows {
  private readonly machine: UnwindMachine;
  private readonly words: PublishedWords;
  private readonly mappings: PublishedMappings;
  private readonly rules: DataView;
  /** Numbers of rules by what they are, and of rows. Rule 0 is none. */
  private readonly numbers = new Map<string, bigint>();
  private readonly ofRows = new WeakMap<Row, bigint>();
  /** Where innermost frames were missed, and the parts of functions of which everything has been published. */
  private readonly places = new WeakMap<UnwindInfo, { missed: Set<number>; parts: Set<string> }>();

  constructor(session: Session, rows: UnwindRows, arch: string) {
    this.machine = unwindMachine(arch);
    this.words = new PublishedWords(session.mappedArray(rows.places).words);
    this.mappings = new PublishedMappings(session, rows, this.words);
    this.rules = session.mappedArray(rows.rules).view;
  }

  /**
   * Publishes rows of a stack from the one on that a program has missed, outwards up to one that programs cannot go by.
   * `missing` is an address as the program looked it up. It may lie further out than the copy of the stack goes: then programs
   * get on by that one frame, and miss the next one. True if so.
   */
  publish(process: UnwindProcess, { pcs, length }: UnwoundStack, space: bigint, missing: number): boolean {
    let i = 0;
    while (i < length && lookedUp(pcs, i) !== missing) i++;
    if (i === length) return this.publishFrame(process, space, missing, false) === "new";
    for (; i < length; i++)
      if (this.publishFrame(process, space, lookedUp(pcs, i), i === 0) === undefined) break;
    return false;
  }

  /** Undefined if programs cannot go on from there. */
  private publishFrame(
    process: UnwindProcess,
    space: bigint,
    address: number,
    isInnermost: boolean,
  ): "new" | "known" | undefined {
    const code = process.codeAt(address);
    if (code?.info === undefined) return undefined;
    const at = address - code.bias;
    const published = this.publishBlock(code.info, at);
    if (published === undefined) return undefined;
    // What runs twice will run again, a few instructions further on.
    if (isInnermost && published === "new" && this.isMissedAgain(code.info, at))
      this.publishFunction(code.info, at);
    this.mappings.publish(process, space, code, address);
    return published;
  }

  /** Takes back what was published of processes that have other things mapped by now. */
  retract(): void {
    this.mappings.retract();
  }

  private isMissedAgain(info: UnwindInfo, address: number): boolean {
    const { missed } = this.placesOf(info);
    const place = Math.floor(address / NEAR);
    if (missed.has(place)) return true;
    missed.add(place);
    return false;
  }

  private placesOf(info: UnwindInfo): { missed: Set<number>; parts: Set<string> } {
    let places = this.places.get(info);
    if (places === undefined) {
      places = { missed: new Set(), parts: new Set() };
      this.places.set(info, places);
    }
    return places;
  }

  /** The rows of the function at an address, of a long one as far as they lie near. */
  private publishFunction(info: UnwindInfo, address: number): void {
    const ranges = info.rangesOf(address);
    const from = address - (address % PART);
    const part = `${ranges[0]?.start} ${from}`;
    const { parts } = this.placesOf(info);
    // What is missing for the second time had to make room.
    if (parts.has(part)) return;
    parts.add(part);
    for (const { row, start, end } of ranges) {
      const number = this.numberOf(row);
      if (number === 0n) continue;
      for (const block of blocksOf(Math.max(start, from), Math.min(end, from + PART), ROW_BLOCKS))
        this.store(info, block.address, block.bits, number);
    }
  }

  /** The largest block around an address for which its row holds. Undefined if programs cannot go by that. */
  private publishBlock(info: UnwindInfo, address: number): "new" | "known" | undefined {
    const range = info.rangeAt(address);
    if (range === undefined) return undefined;
    const number = this.numberOf(range.row);
    if (number === 0n) return this.publishAddress(info, address, range.row);
    return this.store(info, address, blockAround(address, range.start, range.end, ROW_BLOCKS), number);
  }

  /** An address whose row says something else for the one next to it. */
  private publishAddress(info: UnwindInfo, address: number, row: Row): "new" | "known" | undefined {
    const resolved = rowAtAddress(row, this.machine, address);
    const number = resolved === undefined ? 0n : this.numberOf(resolved);
    return number === 0n ? undefined : this.store(info, address, 0, number);
  }

  private store(info: UnwindInfo, address: number, bits: BlockBits, number: bigint): "new" | "known" {
    const index = this.words.publish(this.mappings.fileOf(info), address, bits, number);
    return index === undefined ? "known" : "new";
  }

  /** The number of a row's rule; 0 for one that programs cannot go by, or when there are too many. */
  private numberOf(row: Row): bigint {
    let number = this.ofRows.get(row);
    if (number === undefined) {
      const rule = ruleOf(row, this.machine);
      number = rule === undefined ? 0n : this.ruleNumber(rule);
      this.ofRows.set(row, number);
    }
    return number;
  }

  private ruleNumber(rule: RuleFields): bigint {
    const text = Object.values(rule).join(" ");
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    const number = this.numbers.size + 1;
    if (number >= MOST_RULES) return 0n;
    Rule.encode(this.rules, number * Rule.size, rule);
    this.numbers.set(text, BigInt(number));
    return BigInt(number);
  }
}

/** The address that frame `i` is looked up by. */
function lookedUp(pcs: Float64Array, i: number): number {
  return i === 0 ? (pcs[0] as number) : (pcs[i] as number) - 1;
}

/** How far apart two places are that are missed for the same reason, in bytes. */
const NEAR = 256;
/** Long functions are published in parts of so many bytes. */
const PART = 2048;
