import type { KernelFacts } from "../bpf/facts";
import type { Kernel } from "../bpf/kernel";

/** The running kernel and what is known of it, each made at its first use; koffi is loaded by `kernel` alone. */
export interface LazyKernel {
  kernel(): Kernel;
  facts(): KernelFacts;
}

/** Nothing is loaded before it is asked for. */
export function lazyKernel(): LazyKernel {
  const facts = once(() => (require("../bpf/facts") as typeof import("../bpf/facts")).readFacts());
  const kernel = once(() => {
    const { Kernel } = require("../bpf/kernel") as typeof import("../bpf/kernel");
    const { openLinux } = require("../sys/linux") as typeof import("../sys/linux");
    return new Kernel(openLinux(), facts());
  });
  return { kernel, facts };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
