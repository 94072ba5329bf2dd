import { NotSupportedError } from "../../core/errors";
import { decodeType } from "./decode";
import { BtfError } from "./error";
import { formatPrototype, formatType } from "./format";
import { readSections } from "./header";
import { kindNumber } from "./kind";
import { locateMember, type MemberPlace } from "./member";
import { type Prototype, prototypeOf, type RawTracepoint, rawTracepointOf } from "./prototype";
import { resolveType, sizeOfType } from "./size";
import type { BtfType, NamedKind, TypeOfKind } from "./type";
import { indexTypes, type TypeIndex } from "./type-index";

/**
 * The types of a kernel or module, decoded one at a time when asked for.
 * Ids and string offsets of a split blob (a module's) continue those of its base.
 * Methods throw BtfError when the blob turns out to be damaged, never anything worse.
 */
export class Btf {
  /** The first id that is this blob's own rather than its base's. */
  readonly firstId: number;
  /** One more than the highest id. */
  readonly idCount: number;
  private readonly words: Uint32Array;
  private readonly index: TypeIndex;
  private readonly strings: Buffer;
  private readonly firstString: number;
  private readonly found = new Map<string, number | undefined>();

  constructor(
    blob: Uint8Array,
    readonly base?: Btf | undefined,
  ) {
    const { words, strings, extents } = readSections(blob, base !== undefined);
    this.words = words;
    this.strings = strings;
    this.index = indexTypes(words, extents);
    this.firstId = base === undefined ? 1 : base.idCount;
    this.idCount = this.firstId + this.index.count;
    this.firstString = base === undefined ? 0 : base.stringEnd;
  }

  /** The string offset at which the strings of a blob split from this one begin. */
  get stringEnd(): number {
    return this.firstString + this.strings.length;
  }

  /** The type with this id; 0 is `void`. Throws BtfError when there is none. */
  typeById(id: number): BtfType {
    if (id === 0) return { kind: "void", id };
    if (this.base !== undefined && id < this.firstId) return this.base.typeById(id);
    const at = this.index.starts[id - this.firstId];
    if (at === undefined) throw new BtfError(`BTF type ${id}: no such type, there are ${this.idCount}`);
    return decodeType(this.words, at, id, (offset) => this.text(offset));
  }

  /** The first type of this kind and name, the base's first; undefined when there is none. */
  find<K extends NamedKind>(kind: K, name: string): TypeOfKind<K> | undefined {
    return this.base?.find(kind, name) ?? this.findOwn(kind, name);
  }

  /** Like `find`, but only among this blob's own types: a module's function rather than a namesake of vmlinux. */
  findOwn<K extends NamedKind>(kind: K, name: string): TypeOfKind<K> | undefined {
    const key = `${kind} ${name}`;
    if (!this.found.has(key)) this.found.set(key, this.scan(kind, name));
    const id = this.found.get(key);
    return id === undefined ? undefined : (this.typeById(id) as TypeOfKind<K>);
  }

  /** All types of this kind in the order of their ids, the base's first. */
  *all<K extends Exclude<BtfType["kind"], "void" | "unknown">>(kind: K): Generator<TypeOfKind<K>> {
    if (this.base !== undefined) yield* this.base.all(kind);
    const number = kindNumber(kind);
    for (let i = 0; i < this.index.count; i++)
      if (this.index.kinds[i] === number) yield this.typeById(this.firstId + i) as TypeOfKind<K>;
  }

  /** Bytes a value of this type takes; undefined for what has no size (void, functions, forward declarations). */
  sizeOf(id: number): number | undefined {
    return sizeOfType(this, id);
  }

  /** The type behind typedefs, qualifiers and type tags. */
  resolve(id: number): BtfType {
    return resolveType(this, id);
  }

  /**
   * Where a member stands: `member("task_struct", "thread_info.flags")`, also through anonymous structs and
   * with array indices (`numbers[0].nr`), not through pointers. `container` names a struct, union or typedef,
   * or is a type id. Undefined when the container or the member does not exist.
   */
  member(container: string | number, path: string): MemberPlace | undefined {
    const place = locateMember(this, container, path);
    return "missing" in place ? undefined : place;
  }

  /** Like `member`, but throws a NotSupportedError that says what is missing. */
  requireMember(container: string | number, path: string): MemberPlace {
    const place = locateMember(this, container, path);
    if ("missing" in place) throw new NotSupportedError(`BTF: ${place.missing}`);
    return place;
  }

  /** What a kernel function takes and returns; undefined when BTF has no such function. */
  prototype(name: string): Prototype | undefined {
    return prototypeOf(this, name);
  }

  /** What a BPF_TRACE_RAW_TP program needs to attach to this tracepoint; undefined when there is none. */
  rawTracepoint(name: string): RawTracepoint | undefined {
    return rawTracepointOf(this, name);
  }

  /** The type as C writes it, as the declaration of `name` if given: `format(id, "comm")` is `char comm[16]`. */
  format(id: number, name = ""): string {
    return formatType(this, id, name);
  }

  /** A function's prototype as C writes it, without semicolon; undefined when BTF has no such function. */
  formatPrototype(name: string): string | undefined {
    return formatPrototype(this, name);
  }

  private text(offset: number): string {
    if (offset === 0) return "";
    if (this.base !== undefined && offset < this.firstString) return this.base.text(offset);
    const start = offset - this.firstString;
    if (start >= this.strings.length)
      throw new BtfError(`BTF string ${offset}: strings end at ${this.stringEnd}`);
    return this.strings.toString("utf8", start, this.strings.indexOf(0, start));
  }

  /** Compares bytes instead of decoding the names of all candidates: `name` is NUL-terminated. */
  private isText(offset: number, name: Buffer): boolean {
    if (this.base !== undefined && offset < this.firstString) return this.base.isText(offset, name);
    const start = offset - this.firstString;
    for (let i = 0; i < name.length; i++) if (this.strings[start + i] !== name[i]) return false;
    return true;
  }

  private scan(kind: NamedKind, name: string): number | undefined {
    if (name === "" || name.includes("\0")) return undefined;
    const wanted = Buffer.from(`${name}\0`);
    const number = kindNumber(kind);
    const { kinds, starts, count } = this.index;
    for (let i = 0; i < count; i++)
      if (kinds[i] === number && this.isText(this.words[starts[i]!]!, wanted)) return this.firstId + i;
    return undefined;
  }
}

/** Parses a BTF blob; `base` is the kernel's when the blob is a module's. Throws BtfError. */
export function parseBtf(bytes: Uint8Array, base?: Btf): Btf {
  return new Btf(bytes, base);
}
