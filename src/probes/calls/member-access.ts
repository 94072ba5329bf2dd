/** From an argument that is a pointer to a number behind it, as a program goes there. Pure. */
import { add, arsh, lsh, mov, rsh } from "../../asm/alu";
import { helper } from "../../asm/helper-ids";
import type { Block } from "../../asm/instruction";
import { call } from "../../asm/jump";
import { stackAddress } from "../../asm/macros/map";
import { load, store } from "../../asm/memory";
import { fp, r1, r2, r3 } from "../../asm/register";
import type { Size } from "./value-form";

export interface MemberAccess {
  /** Of each pointer on the way, bytes from where the one before leads; the argument is the first. */
  readonly pointers: readonly number[];
  /** Bytes from where the last pointer leads. */
  readonly offset: number;
  /** Undefined where not a value is meant but its address: of arrays and structs. */
  readonly value: MemberValue | undefined;
}

export interface MemberValue {
  readonly size: Size;
  /** A bit field's place in the value. */
  readonly bits?: { readonly offset: number; readonly size: number; readonly signed: boolean } | undefined;
}

const WORD = 8;

/** `r1` = what `access` reaches from the argument in r1; 0 where a pointer leads nowhere. `scratch`: 8 free bytes. Loses r0, r2–r5. */
export function loadMember({ pointers, offset, value }: MemberAccess, scratch: number): Block {
  const way = pointers.map((at) => follow(at, WORD, scratch));
  if (value === undefined) return [way, add(r1, offset)];
  const { size, bits } = value;
  const cut =
    bits === undefined
      ? []
      : [
          lsh(r1, 64 - bits.offset - bits.size),
          bits.signed ? arsh(r1, 64 - bits.size) : rsh(r1, 64 - bits.size),
        ];
  return [way, follow(offset, size, scratch), cut];
}

/** `r1` = the `size` bytes at `r1 + offset`. */
function follow(offset: number, size: number, scratch: number): Block {
  return [
    [mov(r3, r1), add(r3, offset), store(8, fp, scratch, 0)],
    [stackAddress(r1, scratch), mov(r2, size), call(helper.probeReadKernel)],
    load(8, r1, fp, scratch),
  ];
}
