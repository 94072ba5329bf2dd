import { type AnyCodec, type Codec, type StructCodec, u64 } from "../core/codec";

/** What a pointer field points to: bytes, or another block with pointers of its own. */
export type Pointee = Uint8Array | Attr;

/** What a field of an argument block may be set to: a number, text for a C string, or something to point to. */
export type AttrValue = number | bigint | string | Pointee;

/** Bytes of a pointer on both supported architectures. */
const POINTER_SIZE = 8;

/**
 * The argument block of a system call. It owns every buffer that the block points to: addresses are put
 * in only for the duration of the call (`src/sys/linux.ts`), because an address keeps nothing alive.
 */
export class Attr {
  readonly bytes: Uint8Array;
  /** Byte offset of a pointer field → what it points to. */
  readonly pointers: ReadonlyMap<number, Pointee>;
  private readonly view: DataView;

  private constructor(bytes: Uint8Array, pointers: ReadonlyMap<number, Pointee>) {
    this.bytes = bytes;
    this.pointers = pointers;
    this.view = new DataView(bytes.buffer);
  }

  /** A block of this layout; fields not named are zero. A buffer may stand where the layout has a `u64`. */
  static of<F extends { readonly [K in keyof F]: AnyCodec }>(
    layout: StructCodec<F>,
    values: { readonly [K in keyof F]?: AttrValue | undefined },
  ): Attr {
    const pointers = new Map<number, Pointee>();
    const attr = new Attr(new Uint8Array(layout.size), pointers);
    for (const [name, value] of Object.entries(values) as [keyof F & string, AttrValue | undefined][]) {
      if (value === undefined) continue;
      const isWord = layout.fields[name] === u64;
      if (isWord && typeof value === "object") pointers.set(layout.offsets[name], value);
      else attr.write(layout, name, (isWord ? BigInt(value as number) : value) as never);
    }
    return attr;
  }

  /** An array of pointers, one to each of these: what `const char **` wants. */
  static list(pointees: readonly Pointee[]): Attr {
    const pointers = new Map(pointees.map((pointee, i) => [i * POINTER_SIZE, pointee]));
    return new Attr(new Uint8Array(pointees.length * POINTER_SIZE), pointers);
  }

  /** Reads a field the kernel has written. */
  read<F extends { readonly [K in keyof F]: AnyCodec }, N extends keyof F>(
    layout: StructCodec<F>,
    name: N,
  ): F[N] extends Codec<infer T> ? T : never {
    return layout.fields[name].decode(this.view, layout.offsets[name]);
  }

  /** Changes a field, so that a block can serve many calls. */
  write<F extends { readonly [K in keyof F]: AnyCodec }, N extends keyof F>(
    layout: StructCodec<F>,
    name: N,
    value: F[N] extends Codec<infer T> ? T : never,
  ): void {
    layout.fields[name].encode(this.view, layout.offsets[name], value);
  }
}
