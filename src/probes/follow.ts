/** How a program reads what a pointer of the kernel's leads to. Pure. */
import { add, mov } from "../asm/alu";
import { helper } from "../asm/helper-ids";
import type { Block } from "../asm/instruction";
import { call } from "../asm/jump";
import { stackAddress } from "../asm/macros/map";
import { load } from "../asm/memory";
import { fp, type Register, r1, r2, r3 } from "../asm/register";

/** `dst` = the four or eight bytes at `base + offset`. */
export type Follow = (size: 4 | 8, dst: Register, base: Register, offset: number) => Block;

/** Along pointers whose types the verifier knows. */
export const followTyped: Follow = (size, dst, base, offset) => [load(size, dst, base, offset)];

/** Along any address, by copies to the eight bytes of the stack at `at`. Loses r0–r5. */
export function followCopied(at: number): Follow {
  return (size, dst, base, offset) => [
    [mov(r3, base), add(r3, offset), stackAddress(r1, at), mov(r2, size), call(helper.probeReadKernel)],
    load(size, dst, fp, at),
  ];
}
