import { mov } from "../../../src/asm/alu";
import { exit } from "../../../src/asm/jump";
import { r0 } from "../../../src/asm/register";
import { readKallsyms } from "../../../src/symbols/kallsyms";
import { kernelTest } from "../kernel-test";

kernelTest(["raw-tracepoint"], "a loaded BPF program is found by name and by address", ({ kernel }) => {
  const hook = { kind: "raw-tracepoint", name: "sys_enter" } as const;
  using _program = kernel.load({ name: "named_here", hook, code: [mov(r0, 0), exit()] }, () => -1);
  const symbols = readKallsyms();
  const [found] = symbols.functions(/^bpf_prog_[0-9a-f]+_named_here$/);
  if (found === undefined) throw new Error("the program is not in kallsyms");
  expect(found.module).toBe("bpf");
  expect(symbols.lookup(found.address)).toEqual({ name: found.name, module: "bpf", offset: 0 });
  expect(symbols.lookup(found.address + 1n)).toEqual({ name: found.name, module: "bpf", offset: 1 });
  expect(symbols.addressesOf(found.name, "bpf")).toEqual([found.address]);
});
