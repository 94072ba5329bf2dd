/** Programs of several functions that helpers call back, and programs that name maps and modules by their place. */
import {
  add,
  type Block,
  call,
  callKfunc,
  callLocal,
  exit,
  fp,
  helper,
  jump,
  label,
  load,
  loadFunction,
  loadMap,
  loadMapAt,
  loadMapValueAt,
  type MapRef,
  mov,
  mul,
  r0,
  r1,
  r2,
  r3,
  r4,
  stackAddress,
  store,
} from "../../../src/asm";
import { moduleBtf } from "../../../src/bpf/btf/vmlinux";
import type { Kernel } from "../../../src/bpf/kernel";
import { arrayMap, hashMap } from "../../../src/bpf/map-spec";
import type { ProgramSpec } from "../../../src/bpf/program-spec";
import { count64, u32 } from "../../../src/core/codec";
import { kernelTest as asmTest } from "../asm/machine";
import { kernelTest, runningKernel } from "../kernel-test";

/** Runs it once, in no particular place, and gives r0. */
function run(
  kernel: Kernel,
  code: Block,
  fdOf: (map: MapRef) => number = () => -1,
  more: Partial<ProgramSpec> = {},
): number {
  const hook = { kind: "raw-tracepoint", name: "task_rename" } as const;
  using program = kernel.load({ name: "functions", hook, code, ...more }, fdOf);
  return program.testRun();
}

const sumAt = -8;

kernelTest(["loop"], "bpf_loop calls a function of the program back, which calls another", ({ kernel }) => {
  const body = label("body");
  const square = label("square");
  const code: Block = [
    [store(8, fp, sumAt, 0), mov(r1, 23), loadFunction(r2, body), stackAddress(r3, sumAt), mov(r4, 0)],
    [call(helper.loop), load(8, r0, fp, sumAt), exit()],
    // (u32 index, void *context)
    [body, store(8, fp, -8, r2), callLocal(square), load(8, r2, fp, -8)],
    [load(8, r1, r2, 0), add(r1, r0), store(8, r2, 0, r1), mov(r0, 0), exit()],
    [square, mov(r0, r1), mul(r0, r0), exit()],
  ];
  expect(run(kernel, code)).toBe(Array.from({ length: 23 }, (_, i) => i * i).reduce((a, b) => a + b));
});

kernelTest(["loop"], "bpf_for_each_map_elem sees each entry once", ({ kernel }) => {
  using map = kernel.createMap(hashMap("entries", { key: u32, value: count64, maxEntries: 2048 }));
  map.updateAll(Array.from({ length: 1009 }, (_, n) => [n, 7 * n]));
  const each = label("each entry"); // no C identifier, and still a name for the kernel
  const code: Block = [
    [store(8, fp, sumAt, 0), loadMap(r1, map.spec), loadFunction(r2, each), stackAddress(r3, sumAt)],
    [mov(r4, 0), call(helper.forEachMapElem), load(8, r0, fp, sumAt), exit()],
    // (struct bpf_map *, const void *key, void *value, void *context)
    [each, load(8, r1, r4, 0), load(8, r2, r3, 0), add(r1, r2), store(8, r4, 0, r1), mov(r0, 0), exit()],
  ];
  expect(run(kernel, code, () => map.number)).toBe((7 * 1008 * 1009) / 2);
});

kernelTest(["loop"], "a fault in a function that is called back is found under its label", ({ kernel }) => {
  const body = label("body");
  const code: Block = [
    [mov(r1, 1), loadFunction(r2, body), mov(r3, 0), mov(r4, 0), call(helper.loop), mov(r0, 0), exit()],
    [body, load(8, r0, r1, 0), exit()],
  ];
  expect(() => run(kernel, code)).toThrow(/R1 invalid mem access .*under label "body"/);
});

asmTest(["asm:map-array"], "maps by their place", () => {
  const kernel = runningKernel();
  const specs = [arrayMap("first", count64, 1), arrayMap("second", count64, 1)] as const;
  using first = kernel.createMap(specs[0]);
  using second = kernel.createMap(specs[1]);
  const none = label("none");
  const code: Block = [
    [loadMapValueAt(r1, 0), store(8, r1, 0, 29), loadMapValueAt(r1, 1), store(8, r1, 0, 31)],
    [store(4, fp, -4, 0), loadMapAt(r1, 1), stackAddress(r2, -4), call(helper.mapLookupElem)],
    [jump.eq(r0, 0, none), load(8, r0, r0, 0), none, exit()],
  ];
  const fdOf = (map: MapRef) => (map === specs[0] ? first : second).number;
  expect(run(kernel, code, fdOf, { fdArray: specs })).toBe(31);
  expect([first.lookup(0), second.lookup(0)]).toEqual([29, 31]);
});

kernelTest(["raw-tracepoint"], "maps by their place, on a kernel before 5.14", ({ kernel }) => {
  if (kernel.facts.isAtLeast(5, 14)) return;
  using map = kernel.createMap(arrayMap("first", count64, 1));
  const load_ = () => run(kernel, [mov(r0, 0), exit()], () => map.number, { fdArray: [map.spec] });
  expect(load_).toThrow(expect.objectContaining({ name: "NotSupportedError" }));
  expect(load_).toThrow("naming maps and modules by their place needs Linux 5.14");
});

asmTest(["module-btf", "module:overlay", "asm:kfunc"], "a module by its place", () => {
  const ref = { module: "overlay" };
  const id = moduleBtf(ref.module)?.findOwn("func", "ovl_open")?.id as number;
  // It has no functions for programs. That the kernel knows this one by its name shows where it looked.
  const load_ = () =>
    run(runningKernel(), [callKfunc(id, 1), mov(r0, 0), exit()], undefined, { fdArray: [ref, ref] });
  expect(load_).toThrow("calling kernel function ovl_open is not allowed");
});
