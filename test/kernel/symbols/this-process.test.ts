/** Names in the process that runs the tests: on every kernel and architecture, without a compiler. */
import { UserSymbols } from "../../../src/symbols/user-symbols";
import { kernelTest } from "../kernel-test";

kernelTest([], "a function of the C library is found where it is mapped", () => {
  using symbols = new UserSymbols();
  const libc = symbols
    .process(process.pid)
    .mapped.find(({ mapping }) => /\/libc(-[\d.]+)?\.so/.test(mapping.path));
  if (libc === undefined || typeof libc.module === "string") throw new Error("no C library is mapped");
  const { mapping, module } = libc;
  const [qsort] = module.named("qsort");
  const offset = module.elf.offsetOf(qsort?.address ?? 0) ?? 0;
  const address = BigInt(mapping.start + offset - mapping.offset);
  expect(symbols.lookup(process.pid, address + 1n)).toEqual({
    name: "qsort",
    module: mapping.path,
    offset: 1,
    unnamed: undefined,
  });
});

kernelTest([], "an address of the kernel's belongs to no process", () => {
  using symbols = new UserSymbols();
  expect(symbols.lookup(process.pid, 0xffff_8000_0000_0000n)).toMatchObject({
    name: undefined,
    unnamed: "unmapped",
  });
});
