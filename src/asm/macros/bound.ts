import { mov } from "../alu";
import { type Block, label } from "../instruction";
import { jump } from "../jump";
import type { Register } from "../register";

/** How two values are compared: `signed` unless told, the values are unsigned 64-bit numbers. */
export interface BoundOptions {
  readonly signed?: boolean;
}

/** `register = min(register, bound)`, where bound is a register or an immediate. */
export function atMost(register: Register, bound: Register | number, options: BoundOptions = {}): Block {
  const within = label("within");
  const compare = options.signed ? jump.sle : jump.le;
  return [compare(register, bound, within), mov(register, bound), within];
}

/** `register = max(register, bound)`, where bound is a register or an immediate. */
export function atLeast(register: Register, bound: Register | number, options: BoundOptions = {}): Block {
  const within = label("within");
  const compare = options.signed ? jump.sge : jump.ge;
  return [compare(register, bound, within), mov(register, bound), within];
}
