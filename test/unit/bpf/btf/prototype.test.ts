import { BtfError } from "../../../../src/bpf/btf/error";
import { TypeBuilder } from "./type-builder";

test("prototype names parameters and the return type", () => {
  const types = new TypeBuilder();
  const int = types.int("int", 4, true);
  const id = types.func("_printk", types.proto(int, [["fmt", types.to("ptr", int)]], true));
  const btf = types.btf();
  expect(btf.prototype("_printk")).toEqual({
    name: "_printk",
    id,
    params: [{ name: "fmt", type: 2 }],
    returns: int,
    variadic: true,
  });
  expect(btf.prototype("int")).toBeUndefined();
});

test("a module's function wins over its namesake of vmlinux", () => {
  const base = new TypeBuilder();
  base.func("init", base.proto(0, []));
  const module = new TypeBuilder(base.btf());
  const own = module.func("init", module.proto(0, []));
  expect(module.btf().prototype("init")?.id).toBe(own);
});

test("a function without prototype is an error", () => {
  const types = new TypeBuilder();
  types.func("broken", types.int("int", 4));
  expect(() => types.btf().prototype("broken")).toThrow(BtfError);
});

describe("rawTracepoint", () => {
  /** A tracepoint's typedef, whose parameters have no names, and functions with given names of theirs. */
  function tracepoint(functions: Readonly<Record<string, readonly string[]>>) {
    const types = new TypeBuilder();
    const pointer = types.to("ptr", 0);
    const long = types.int("long", 8, true);
    const params = [pointer, pointer, long] as const;
    const proto = types.proto(
      0,
      params.map((type) => ["", type] as const),
    );
    const id = types.typedef("btf_trace_sys_enter", types.to("ptr", proto));
    for (const [name, names] of Object.entries(functions))
      types.func(
        name,
        types.proto(
          0,
          names.map((param, i) => [param, params[i] ?? long] as const),
        ),
      );
    return { btf: types.btf(), id };
  }

  test.each<[string, Readonly<Record<string, readonly string[]>>, readonly string[]]>([
    ["without names", {}, ["", ""]],
    ["names from __probestub_", { __probestub_sys_enter: ["__data", "regs", "id"] }, ["regs", "id"]],
    ["names from __bpf_trace_", { __bpf_trace_sys_enter: ["__data", "regs", "id"] }, ["regs", "id"]],
    ["names from __traceiter_", { __traceiter_sys_enter: ["__data", "regs", "id"] }, ["regs", "id"]],
    [
      "one of them of another shape",
      { __probestub_sys_enter: ["__data", "x"], __traceiter_sys_enter: ["__data", "regs", "id"] },
      ["regs", "id"],
    ],
    ["only one of another shape", { __probestub_sys_enter: ["__data", "x"] }, ["", ""]],
  ])("%s", (_name, functions, names) => {
    const { btf, id } = tracepoint(functions);
    expect(btf.rawTracepoint("sys_enter")).toEqual({
      id,
      params: [
        { name: names[0], type: 1 },
        { name: names[1], type: 2 },
      ],
    });
  });

  test("is undefined for an unknown one", () => {
    expect(tracepoint({}).btf.rawTracepoint("sys_exit")).toBeUndefined();
  });

  test("a typedef of something else is an error", () => {
    const types = new TypeBuilder();
    types.typedef("btf_trace_x", types.int("int", 4));
    expect(() => types.btf().rawTracepoint("x")).toThrow(BtfError);
  });
});
