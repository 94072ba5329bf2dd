import type { AnyCodec, StructCodec } from "../../core/codec";
import { add, mov } from "../alu";
import { helper } from "../helper-ids";
import { AssemblyError, type Block } from "../instruction";
import { call } from "../jump";
import { store } from "../memory";
import type { Width } from "../opcode";
import { fp, type Register, r1, r2 } from "../register";

/** Bytes of a command name, the final NUL included (TASK_COMM_LEN). */
export const COMM_SIZE = 16;

/**
 * Writes the current thread's name to `fp + at`, 16 bytes, NUL-filled. Some kernels, Debian's 6.1 among them,
 * leave what lies behind the final NUL as it was, so it is zeroed first. Loses r0–r5.
 */
export function readComm(at: number): Block {
  return [
    zero(fp, at, COMM_SIZE),
    [mov(r1, fp), add(r1, at), mov(r2, COMM_SIZE), call(helper.getCurrentComm)],
  ];
}

/** The widest store that is aligned at `at` and stays within `left` bytes. */
function widest(at: number, left: number): Width {
  const fits = (width: Width) => at % width === 0 && left >= width;
  return fits(8) ? 8 : fits(4) ? 4 : fits(2) ? 2 : 1;
}

/** Zeroes `size` bytes at `base + at`, where `base` is aligned to eight bytes, as the frame pointer is. */
export function zero(base: Register, at: number, size: number): Block {
  const stores: Block[number][] = [];
  for (let done = 0; done < size; ) {
    const width = widest(at + done, size - done);
    stores.push(store(width, base, at + done, 0));
    done += width;
  }
  return stores;
}

/** What to store in the fields of a struct: registers or immediates. Fields left out become zero. */
export type FieldSources<F> = { readonly [K in keyof F]?: Register | number };

const widths: readonly number[] = [1, 2, 4, 8];

/**
 * Writes a struct to `base + at`, every byte of it: fields that are left out and holes become zero, as the key
 * of a hash map needs. `base` is aligned to eight bytes, as the frame pointer is.
 *
 *     const Key = struct({ pid: u32, nr: u32 });
 *     storeStruct(Key, fp, -Key.size, { pid: r7, nr: 3 })
 */
export function storeStruct<F extends { readonly [K in keyof F]: AnyCodec }>(
  struct: StructCodec<F>,
  base: Register,
  at: number,
  sources: FieldSources<F>,
): Block {
  const unknown = Object.keys(sources).find((name) => !Object.hasOwn(struct.fields, name));
  if (unknown !== undefined) throw new AssemblyError(`field "${unknown}": not in the struct`);
  const stores: Block[number][] = [];
  let end = 0;
  for (const name of Object.keys(struct.fields) as (keyof F & string)[]) {
    const { size } = struct.fields[name];
    const offset = struct.offsets[name];
    const source = sources[name];
    if (source === undefined) continue;
    if (!widths.includes(size)) throw new AssemblyError(`field "${name}": ${size} bytes are not one store`);
    stores.push(zero(base, at + end, offset - end), store(size as Width, base, at + offset, source));
    end = offset + size;
  }
  stores.push(zero(base, at + end, struct.size - end));
  return stores;
}
