/** Tells programs which files' code processes have mapped where. */
import type { Session } from "../../bpf/session";
import type { UnwindInfo } from "../../symbols/unwind/unwind-info";
import type { MappedCode, UnwindProcess } from "../../symbols/unwind/unwinder";
import { HASH_MULTIPLIER } from "../stack-store";
import { blockAround, blocksOf, type PublishedWords } from "./published-words";
import { type BlockBits, MAPPING_BLOCKS, Mapping, MOST_MAPPINGS, type UnwindRows } from "./rows";

/** What was published of a process. */
interface Published {
  /** Of what the process has mapped: as it was looked at, and as programs tell. */
  readonly generation: number | undefined;
  readonly space: bigint;
  /** The numbers of its mappings. */
  readonly numbers: Map<MappedCode, bigint>;
  /** The words by their indices. */
  readonly words: Map<number, bigint>;
}

export class PublishedMappings {
  private readonly mappings: DataView;
  private readonly processes = new Map<UnwindProcess, Published>();
  private readonly files = new WeakMap<UnwindInfo, bigint>();
  private lastFile = 0;
  private lastMapping = 0;

  constructor(
    session: Session,
    rows: UnwindRows,
    private readonly words: PublishedWords,
  ) {
    this.mappings = session.mappedArray(rows.mappings).view;
  }

  /** Publishes where code is mapped: at the first call all of it, then what is around `address`, which may have made room. */
  publish(process: UnwindProcess, space: bigint, code: MappedCode, address: number): void {
    const { bias, info, mapping } = code;
    if (info === undefined || mapping === undefined) return;
    let published = this.publishedOf(process, space);
    const { start, end } = mapping;
    const known = published.numbers.get(code);
    if (known !== undefined) {
      this.store(published, address, blockAround(address, start, end, MAPPING_BLOCKS), known);
      return;
    }
    if (this.lastMapping + 1 >= MOST_MAPPINGS) {
      this.startAgain();
      published = this.publishedOf(process, space);
    }
    const number = ++this.lastMapping;
    Mapping.encode(this.mappings, number * Mapping.size, {
      ...{ start: BigInt(start), size: BigInt(end - start), file: this.fileOf(info) },
      // Below zero where it lies lower than it was linked.
      bias: BigInt.asUintN(64, BigInt(bias)),
    });
    published.numbers.set(code, BigInt(number));
    for (const block of blocksOf(start, end, MAPPING_BLOCKS))
      this.store(published, block.address, block.bits, BigInt(number));
  }

  private store({ space, words }: Published, address: number, bits: BlockBits, number: bigint): void {
    const index = this.words.publish(space, address, bits, number);
    if (index !== undefined) words.set(index, this.words.at(index));
  }

  /** The number that programs know a file by. */
  fileOf(info: UnwindInfo): bigint {
    let file = this.files.get(info);
    if (file === undefined) {
      // Spread over all bits, as those of processes are.
      file = BigInt.asUintN(64, BigInt(++this.lastFile) * HASH_MULTIPLIER);
      this.files.set(info, file);
    }
    return file;
  }

  /** Takes back what was published of processes that have other things mapped by now. */
  retract(): void {
    for (const [process, published] of this.processes)
      if (process.generation !== published.generation) {
        this.clear(published);
        this.processes.delete(process);
      }
  }

  private publishedOf(process: UnwindProcess, space: bigint): Published {
    let published = this.processes.get(process);
    if (published?.space !== space) {
      // Nobody asks for it any more.
      if (published !== undefined) this.clear(published);
      published = { generation: process.generation, space, numbers: new Map(), words: new Map() };
      this.processes.set(process, published);
    }
    return published;
  }

  private clear({ words }: Published): void {
    for (const [index, word] of words) this.words.retract(index, word);
  }

  /** The numbers of mappings are used up, most by processes that have ended. */
  private startAgain(): void {
    for (const published of this.processes.values()) this.clear(published);
    this.processes.clear();
    this.lastMapping = 0;
  }
}
