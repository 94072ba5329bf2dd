/** Blueprints of programs and of what a probe is made of: pure values, loaded by `openProbe`. */
import type { Block } from "../asm/instruction";
import type { MapSpec } from "./map-spec";

/** Where a program runs. */
export type Hook =
  /** Arguments as raw 64-bit words. Since Linux 4.17. */
  | { readonly kind: "raw-tracepoint"; readonly name: string }
  /** The same place with arguments typed by BTF, which the program may follow as pointers. Since Linux 5.5. */
  | { readonly kind: "btf-raw-tracepoint"; readonly name: string };

export interface ProgramSpec {
  /** Up to 15 letters, digits, `_` and `.`; what bpftool and stack traces show. */
  readonly name: string;
  readonly hook: Hook;
  readonly code: Block;
}

/** Everything a measurement puts into the kernel. Programs are attached in the order listed. */
export interface ProbeSpec {
  readonly maps: readonly MapSpec[];
  readonly programs: readonly ProgramSpec[];
}
