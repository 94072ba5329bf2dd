import { type AnyCodec, type Codec, type StructCodec, u64 } from "../core/codec";

/** What a field of an argument block may be set to: a number, text for a C string, or a buffer to point to. */
export type AttrValue = number | bigint | string | Uint8Array;

/**
 * The argument block of a system call. It owns every buffer that the block points to: addresses are put
 * in only for the duration of the call (`src/sys/linux.ts`), because an address keeps nothing alive.
 */
export class Attr {
  readonly bytes: Uint8Array;
  /** Byte offset of a pointer field → the buffer it points to. */
  readonly pointers: ReadonlyMap<number, Uint8Array>;

  private constructor(bytes: Uint8Array, pointers: ReadonlyMap<number, Uint8Array>) {
    this.bytes = bytes;
    this.pointers = pointers;
  }

  /** A block of this layout; fields not named are zero. A buffer may stand where the layout has a `u64`. */
  static of<F extends { readonly [K in keyof F]: AnyCodec }>(
    layout: StructCodec<F>,
    values: { readonly [K in keyof F]?: AttrValue | undefined },
  ): Attr {
    const bytes = new Uint8Array(layout.size);
    const view = new DataView(bytes.buffer);
    const pointers = new Map<number, Uint8Array>();
    for (const [name, value] of Object.entries(values) as [keyof F & string, AttrValue | undefined][]) {
      if (value === undefined) continue;
      const at = layout.offsets[name];
      const codec = layout.fields[name] as Codec<unknown>;
      if (value instanceof Uint8Array && codec === (u64 as Codec<unknown>)) pointers.set(at, value);
      else codec.encode(view, at, codec === (u64 as Codec<unknown>) ? BigInt(value as number) : value);
    }
    return new Attr(bytes, pointers);
  }

  /** Reads a field the kernel has written. */
  read<F extends { readonly [K in keyof F]: AnyCodec }, N extends keyof F>(
    layout: StructCodec<F>,
    name: N,
  ): F[N] extends Codec<infer T> ? T : never {
    return layout.fields[name].decode(new DataView(this.bytes.buffer), layout.offsets[name]);
  }
}
