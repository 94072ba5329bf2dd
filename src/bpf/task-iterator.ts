/** A program that runs once for each thread of the machine, whenever it is asked to. */
import { readSync } from "node:fs";
import { assemble } from "../asm/assemble";
import type { Block, MapRef } from "../asm/instruction";
import { AttachType, BpfCmd, ProgType } from "../core/bpf-uapi";
import { struct, u32 } from "../core/codec";
import { NotSupportedError, SyscallError } from "../core/errors";
import { Resources } from "../core/resources";
import { Attr } from "../sys/attr";
import { LinkCreate } from "./attr-layouts";
import { Fd } from "./fd";
import type { Kernel } from "./kernel";
import { loadProgram } from "./program";

const IterCreate = struct({ linkFd: u32, flags: u32 });

/** What a program that iterates over threads is. Its context is `struct bpf_iter__task`: a pointer to meta data, one to the task. */
export interface TaskIteratorSpec {
  readonly name: string;
  readonly code: Block;
}

/** A loaded iterator. Since Linux 5.8. */
export class TaskIterator implements Disposable {
  private constructor(
    private readonly kernel: Kernel,
    private readonly name: string,
    private readonly link: Fd,
    private readonly owned: Resources,
  ) {}

  /** Loads the program. `fdOf` tells the descriptor of each map it names. */
  static open(kernel: Kernel, { name, code }: TaskIteratorSpec, fdOf: (map: MapRef) => number): TaskIterator {
    const { sys, facts } = kernel;
    const target = facts.btf()?.prototype("bpf_iter_task");
    if (target === undefined) throw new NotSupportedError("task iterator: needs BTF and Linux 5.8");
    using setup = new Resources();
    const request = {
      name,
      type: ProgType.BPF_PROG_TYPE_TRACING,
      expectedAttachType: AttachType.BPF_TRACE_ITER,
      attachBtfId: target.id,
      program: assemble(code),
    };
    const program = setup.use(new Fd(sys, loadProgram(sys, request, fdOf), `program "${name}"`));
    const attr = Attr.of(LinkCreate, {
      progFd: program.number,
      attachType: AttachType.BPF_TRACE_ITER,
    });
    const fd = sys.bpf(BpfCmd.BPF_LINK_CREATE, attr);
    if (fd < 0) throw new SyscallError(`attach task iterator "${name}"`, -fd);
    const link = setup.use(new Fd(sys, fd, "link"));
    return new TaskIterator(kernel, name, link, setup.move());
  }

  /** Runs the program for every thread there is. */
  run(): void {
    const { sys } = this.kernel;
    const fd = sys.bpf(BpfCmd.BPF_ITER_CREATE, Attr.of(IterCreate, { linkFd: this.link.number }));
    if (fd < 0) throw new SyscallError(`run task iterator "${this.name}"`, -fd);
    using iteration = new Fd(sys, fd, "iteration");
    // The kernel pauses now and then with EAGAIN; what the program writes, which is nothing, ends it.
    const page = new Uint8Array(sys.pageSize);
    for (;;) {
      try {
        if (readSync(iteration.number, page) === 0) return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      }
    }
  }

  [Symbol.dispose](): void {
    this.owned[Symbol.dispose]();
  }
}
