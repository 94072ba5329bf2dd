import type { Access } from "../access";
import type { Link } from "../link";
import type { Program } from "../program";
import type { Hook } from "../program-spec";

/** What the kernel must be told of a program before it runs at a hook. */
export interface ProgramType {
  /** BPF_PROG_TYPE_* */
  readonly type: number;
  readonly expectedAttachType?: number;
  /** BTF id of what the program runs at. */
  readonly attachBtfId?: number;
  /** Name of the module whose BTF the id is from. */
  readonly attachModule?: string;
}

/** How the programs of one kind of hook are loaded and attached. */
export interface HookKind<H extends Hook> {
  programType(hook: H, access: Access): ProgramType;
  /** Throws a NotSupportedError where the kernel lacks the hook or the place, a PermissionError without rights. */
  attach(hook: H, program: Program, access: Access): Link;
  /** What to say when the load is refused for a reason that is not the program's; undefined: nothing special. */
  loadRefused?(hook: H, code: number): Error | undefined;
}

/** A C string. */
export function cString(text: string): Uint8Array {
  return Buffer.from(`${text}\0`);
}
