/** A BPF register. r0: result; r1–r5: arguments, lost by calls; r6–r9: kept by calls; r10: frame pointer, read only. */
export interface Register {
  readonly name: string;
  readonly number: number;
}

function register(number: number): Register {
  return Object.freeze({ name: `r${number}`, number });
}

export const r0 = register(0);
export const r1 = register(1);
export const r2 = register(2);
export const r3 = register(3);
export const r4 = register(4);
export const r5 = register(5);
export const r6 = register(6);
export const r7 = register(7);
export const r8 = register(8);
export const r9 = register(9);
/** The frame pointer: the stack is the 512 bytes below it. */
export const fp = register(10);
