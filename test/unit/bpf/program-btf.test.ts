import {
  assemble,
  type Block,
  callLocal,
  exit,
  jump,
  label,
  loadFunction,
  loadImm64,
  loadMapAt,
  mov,
  r0,
  r1,
  r2,
} from "../../../src/asm";
import { FuncInfo, ProgLoad } from "../../../src/bpf/attr-layouts";
import { parseBtf } from "../../../src/bpf/btf/btf";
import { arrayMap } from "../../../src/bpf/map-spec";
import { btfForProgram } from "../../../src/bpf/program-btf";
import { BpfCmd } from "../../../src/core/bpf-uapi";
import { u32 } from "../../../src/core/codec";
import { errno } from "../../../src/core/errno";
import { fakeKernel } from "../../fake-kernel";

const hook = { kind: "raw-tracepoint", name: "sys_enter" } as const;

const callback = label("2nd pass: each");
const called = label("called");
const place = label("place");
const program: Block = [
  [loadImm64(r1, 1n), loadFunction(r2, callback), jump.eq(r1, 0, place), callLocal(called), place, exit()],
  [callback, mov(r0, 0), exit()],
  [called, mov(r0, 0), callLocal(called), exit()],
];

/** The functions the kernel would see: the slot at which each starts, and its name. */
function functionsOf(code: Block, name = "main") {
  const found = btfForProgram(name, assemble(code));
  if (found === undefined) return undefined;
  const btf = parseBtf(found.bytes);
  const view = new DataView(found.functionInfo.buffer);
  return Array.from({ length: found.functionInfo.length / FuncInfo.size }, (_, i) => {
    const { insnOff, typeId } = FuncInfo.decode(view, i * FuncInfo.size);
    const type = btf.typeById(typeId);
    return [
      insnOff,
      type.kind === "func" ? `${type.linkage} ${btf.format(type.type)} ${type.name}` : type.kind,
    ];
  });
}

test("every function is described once, in the order they stand, and no other label is", () => {
  expect(functionsOf(program)).toEqual([
    [0, "static int (void) main"],
    [7, "static int (void) _2nd_pass__each"],
    [9, "static int (void) called"],
  ]);
});

test("a program that hands out no function needs none of it", () => {
  expect(
    functionsOf([
      [callLocal(called), exit()],
      [called, mov(r0, 0), exit()],
    ]),
  ).toBeUndefined();
});

test("a function at the very start is the first", () => {
  const start = label("start");
  expect(functionsOf([start, loadFunction(r1, start), exit()], "again")).toEqual([
    [0, "static int (void) again"],
  ]);
});

test("a name is cut to what every kernel takes", () => {
  const long = label("x".repeat(200));
  const [, second] = functionsOf([loadFunction(r1, long), exit(), long, exit()]) ?? [];
  expect(second?.[1]).toBe(`static int (void) ${"x".repeat(127)}`);
});

describe("the kernel is given", () => {
  function loaded(code: Block, fdArray?: readonly ReturnType<typeof arrayMap>[]) {
    const { kernel, sys } = fakeKernel();
    const spec = { name: "main", hook, code, ...(fdArray === undefined ? {} : { fdArray }) };
    kernel.load(spec, (map) => (map.name === "first" ? 7 : 9))[Symbol.dispose]();
    expect(sys.openFds).toEqual([]);
    const attr = sys.calls.find(({ call }) => call === "BPF_PROG_LOAD")?.attr;
    if (attr === undefined) throw new Error("nothing was loaded");
    return { attr, calls: sys.calls.map(({ call }) => call), pointer: (at: number) => attr.pointers.get(at) };
  }

  test("the functions with the descriptor of their BTF, which is closed again", () => {
    const { attr, calls, pointer } = loaded(program);
    expect(calls).toEqual(["BPF_BTF_LOAD", "BPF_PROG_LOAD"]);
    expect([attr.read(ProgLoad, "funcInfoCnt"), attr.read(ProgLoad, "funcInfoRecSize")]).toEqual([3, 8]);
    expect(attr.read(ProgLoad, "progBtfFd")).toBeGreaterThan(0);
    expect(pointer(ProgLoad.offsets.funcInfo)).toHaveLength(24);
  });

  test("nothing of that with other programs", () => {
    const { attr, calls, pointer } = loaded([mov(r0, 0), exit()]);
    expect([calls, attr.read(ProgLoad, "progBtfFd")]).toEqual([["BPF_PROG_LOAD"], 0]);
    expect([pointer(ProgLoad.offsets.funcInfo), pointer(ProgLoad.offsets.fdArray)]).toEqual([
      undefined,
      undefined,
    ]);
  });

  test("descriptors of what is named by place", () => {
    const maps = ["first", "second", "first"].map((name) => arrayMap(name, u32, 1));
    const { pointer } = loaded([loadMapAt(r1, 2), mov(r0, 0), exit()], maps);
    expect(new Int32Array((pointer(ProgLoad.offsets.fdArray) as Uint8Array).buffer)).toEqual(
      Int32Array.of(7, 9, 7),
    );
  });

  test.each([
    ["before 5.14", false, "NotSupportedError", /by their place needs Linux 5.14, this is 5.10.0$/],
    ["later", true, "SyscallError", /E2BIG$/],
  ])("a refusal of places is explained on a kernel that has none: %s", (_name, later, name, message) => {
    const { kernel, sys } = fakeKernel({ release: "5.10.0", isAtLeast: () => later });
    sys.refuse(BpfCmd.BPF_PROG_LOAD, errno.E2BIG);
    const fdArray = [arrayMap("first", u32, 1)];
    const load_ = () => kernel.load({ name: "main", hook, code: [mov(r0, 0), exit()], fdArray }, () => 7);
    expect(load_).toThrow(expect.objectContaining({ name, message: expect.stringMatching(message) }));
    expect(sys.openFds).toEqual([]);
  });
});
