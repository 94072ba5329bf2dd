/** Who called a function that is at its first instruction: its own frame is not there yet. Pure. */
import { r6 } from "../../asm/register";
import type { KernelFacts } from "../../bpf/facts";
import type { Caller } from "../stack-store";
import { callRegisters, loadReturnAddress } from "./registers";
import type { Memory } from "./value-form";

/**
 * The caller that stacks lack there; the context in r6 is the registers. Undefined where none is missing: x86-64 walks the
 * kernel's own stacks by ORC, which knows every instruction.
 */
export function entryCaller(memory: Memory, facts: KernelFacts): Caller | undefined {
  if (memory === "kernel" && facts.arch !== "arm64") return undefined;
  return {
    side: memory,
    load: (scratch) => loadReturnAddress(callRegisters(facts.arch), r6, scratch),
    mayBeThere: memory === "user" && facts.arch === "x64" && insertsCallers(facts),
  };
}

/**
 * Whether the kernel itself adds the caller where the function begins with a push of the frame pointer: since Linux 6.11
 * (arch/x86/events/core.c), and in some older stable ones. The change has left a member behind.
 */
function insertsCallers({ btf, isAtLeast }: KernelFacts): boolean {
  const types = btf();
  return types === undefined ? isAtLeast(6, 11) : types.member("uprobe_task", "auprobe") !== undefined;
}
