import { KernelNames } from "../../../../src/probes/stacks/kernel-names";
import { loadKallsyms } from "../../../../src/symbols/kallsyms";

test("frames are the same whether the symbols were read beforehand or not", async () => {
  const running = await loadKallsyms();
  const addresses = BigUint64Array.from(
    [...running.named("vfs_read"), ...running.named("vfs_write")],
    (each) => each.address + 3n,
  );
  const before = new KernelNames();
  await before.load();
  const atOnce = new KernelNames();
  expect(before.frames(addresses)).toEqual(atOnce.frames(addresses));
  expect(before.hidden).toBe(running.hidden);
  if (!running.hidden)
    expect(before.frames(addresses).map(({ name }) => name)).toEqual(["vfs_read", "vfs_write"]);
});
