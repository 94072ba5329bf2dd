/** From addresses of the kernel to frames, each address once. */
import type { Frame, Module } from "../../output/stacks/profile";
import { type Kallsyms, loadKallsyms, readKallsyms } from "../../symbols/kallsyms";

const KERNEL_MODULE: Module = { path: "[kernel]", start: 0n, end: 0n, fileOffset: 0n };

/**
 * What bpfkit's own programs and the kernel's way to them leave on top of a stack at a tracepoint or a function. Without a
 * name of its own a trampoline may be taken for that of ftrace, which lies before it.
 */
const OWN_FRAMES =
  /^(?:bpf_prog_[0-9a-f]{16}_|bpf_trace_run\d|__bpf_trace_|__traceiter_|bpf_trampoline_|trace_call_bpf|perf_trace_|kprobe_|bpf_get_stack|perf_call_bpf|__bpf_prog_enter|ftrace_(?:trampoline|ops_|regs_caller|caller)|__ftrace_)/;

/** How frames without names begin. */
const NO_NAME = "[0x";

/** Kernel addresses to frames. */
export class KernelNames {
  private symbols: Kallsyms | undefined;
  private readonly known = new Map<bigint, Frame>();
  private readonly modules = new Map<string, Module>();

  /** Reads the symbols beforehand: less of a wait than at the first frame, and others go on. */
  async load(): Promise<void> {
    // What fails here fails again at the first frame, if there is one.
    this.symbols ??= await loadKallsyms().catch(() => undefined);
  }

  /** The frames of a kernel stack as the kernel gives it, the innermost first. */
  frames(addresses: BigUint64Array): Frame[] {
    return Array.from(addresses, (address, at) => this.frame(address, at > 0));
  }

  /** The same of a stack that our own program took where it was called: without the way to that program. */
  framesBelowOwn(addresses: BigUint64Array): Frame[] {
    const frames = this.frames(addresses);
    let first = frames.findIndex(({ name }) => !OWN_FRAMES.test(name));
    if (first < 0) return frames;
    // Older kernels have no names for the trampolines that lead to programs.
    while (first > 0 && frames[first]?.name.startsWith(NO_NAME) === true) first++;
    return frames.slice(first);
  }

  /** True where the kernel shows no addresses. */
  get hidden(): boolean {
    return this.symbols?.hidden ?? false;
  }

  /** A caller's address is where its call returns to, which may be behind the end of the function. */
  private frame(address: bigint, isCaller: boolean): Frame {
    const known = this.known.get(address);
    if (known !== undefined) return known;
    this.symbols ??= readKallsyms();
    const symbol = this.symbols.lookup(isCaller ? address - 1n : address);
    const module = this.module(symbol?.module);
    const name = symbol?.name ?? `${NO_NAME}${address.toString(16)}]`;
    const frame: Frame = { name, kind: "kernel", module, address };
    this.known.set(address, frame);
    return frame;
  }

  private module(name: string | undefined): Module {
    if (name === undefined) return KERNEL_MODULE;
    let module = this.modules.get(name);
    if (module === undefined) {
      module = { ...KERNEL_MODULE, path: `[${name}]` };
      this.modules.set(name, module);
    }
    return module;
  }
}
