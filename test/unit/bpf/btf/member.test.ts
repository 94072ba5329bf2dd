import { BtfError } from "../../../../src/bpf/btf/error";
import { UsageError } from "../../../../src/core/errors";
import { TypeBuilder } from "./type-builder";

function task() {
  const types = new TypeBuilder();
  const int = types.int("unsigned int", 4);
  const long = types.int("unsigned long", 8);
  const narrow = types.add({
    kind: "int",
    name: "unsigned int",
    size: 4,
    bits: 3,
    offset: 2,
    signed: false,
    char: false,
    bool: false,
  });
  const info = types.composite("struct", "thread_info", 16, [
    ["flags", long, 0],
    ["cpu", int, 64],
  ]);
  const inner = types.composite("struct", "", 8, [
    ["rcu_users", int, 0],
    ["depth", int, 32],
  ]);
  const union = types.composite("union", "", 8, [
    ["rcu", long, 0],
    ["", types.to("const", inner), 0],
  ]);
  const upid = types.composite("struct", "upid", 16, [
    ["nr", int, 0],
    ["ns", types.to("ptr", 0), 64],
  ]);
  const id = types.composite("struct", "task", 256, [
    ["thread_info", types.typedef("info_t", info), 0],
    ["", union, 128],
    ["low", int, 192, 1],
    ["mid", int, 199, 3],
    ["top", int, 222, 4],
    ["wide", long, 256, 48],
    ["legacy", narrow, 320],
    ["matrix", types.array(types.array(int, 3), 2), 384],
    ["parent", types.to("ptr", types.nextId), 576],
    ["numbers", types.array(upid, 0), 640],
    ["named", inner, 1024],
  ]);
  types.typedef("task_t", types.to("volatile", id));
  types.composite("union", "word", 8, [["half", int, 0]]);
  return types.btf();
}

test.each<[string, string, { offset: number; size: number; bits?: { offset: number; size: number } }]>([
  ["task", "thread_info", { offset: 0, size: 16 }],
  ["task", "thread_info.flags", { offset: 0, size: 8 }],
  ["task", "thread_info.cpu", { offset: 8, size: 4 }],
  ["task", "rcu", { offset: 16, size: 8 }],
  ["task", "depth", { offset: 20, size: 4 }],
  ["task", "named.depth", { offset: 132, size: 4 }],
  ["task", "low", { offset: 24, size: 1, bits: { offset: 0, size: 1 } }],
  ["task", "mid", { offset: 24, size: 2, bits: { offset: 7, size: 3 } }],
  ["task", "top", { offset: 24, size: 8, bits: { offset: 30, size: 4 } }],
  ["task", "wide", { offset: 32, size: 8, bits: { offset: 0, size: 48 } }],
  ["task", "legacy", { offset: 40, size: 1, bits: { offset: 2, size: 3 } }],
  ["task", "matrix", { offset: 48, size: 24 }],
  ["task", "matrix[1]", { offset: 60, size: 12 }],
  ["task", "matrix[1][2]", { offset: 68, size: 4 }],
  ["task", "parent", { offset: 72, size: 8 }],
  ["task", "numbers", { offset: 80, size: 0 }],
  ["task", "numbers[0].nr", { offset: 80, size: 4 }],
  ["task", "numbers[7].ns", { offset: 200, size: 8 }],
  ["task_t", "thread_info.cpu", { offset: 8, size: 4 }],
  ["word", "half", { offset: 0, size: 4 }],
])("%s %s", (container, path, place) => {
  expect(task().member(container, path)).toEqual({ ...place, type: expect.any(Number) });
});

test("a member's type is the declared one", () => {
  const btf = task();
  const type = btf.requireMember("task", "thread_info").type;
  expect(btf.typeById(type)).toMatchObject({ kind: "typedef", name: "info_t" });
});

test("the container may be an id", () => {
  const btf = task();
  expect(btf.member(btf.find("struct", "upid")!.id, "ns")).toMatchObject({ offset: 8 });
});

test.each([
  ["task", "x", 'BTF: struct "task" has no member "x"'],
  ["task", "thread_info.x", 'BTF: struct "thread_info" has no member "x"'],
  ["task", "named.x", 'BTF: anonymous struct has no member "x"'],
  ["task", "parent.rcu", 'BTF: a pointer has no member "rcu"'],
  ["task", "thread_info[0]", 'BTF: "thread_info[0]" takes element 0 of what is no array'],
  ["task", "matrix[2]", "BTF: index 2 is not below the array's length 2"],
  ["tusk", "x", 'BTF: no struct, union or typedef "tusk"'],
])("%s %s is missing", (container, path, message) => {
  const btf = task();
  expect(btf.member(container, path)).toBeUndefined();
  expect(() => btf.requireMember(container, path)).toThrow(
    expect.objectContaining({ name: "NotSupportedError", message }),
  );
});

test.each([[""], ["."], ["a."], [".a"], ["a..b"], ["a[b]"], ["a["], ["a[1"], ["a b"], ["a->b"], ["a[-1]"]])(
  "%j is no member path",
  (path) => {
    expect(() => task().member("task", path)).toThrow(UsageError);
  },
);

describe("damaged types", () => {
  test("an anonymous struct inside itself ends the search", () => {
    const types = new TypeBuilder();
    types.composite("struct", "s", 8, [
      ["", types.nextId, 0],
      ["", types.nextId, 32],
    ]);
    expect(types.btf().member("s", "x")).toBeUndefined();
  });

  test("anonymous structs that fan out are searched once each", () => {
    const types = new TypeBuilder();
    let id = types.composite("struct", "", 0, []);
    for (let i = 0; i < 60; i++)
      id = types.composite("struct", i === 59 ? "s" : "", 0, [
        ["", id, 0],
        ["", id, 0],
      ]);
    expect(types.btf().member("s", "x")).toBeUndefined();
  });

  test("anonymous structs nested without end are an error", () => {
    const types = new TypeBuilder();
    let id = types.composite("struct", "", 0, []);
    for (let i = 0; i < 70; i++) id = types.composite("struct", i === 69 ? "s" : "", 0, [["", id, 0]]);
    expect(() => types.btf().member("s", "x")).toThrow(BtfError);
  });

  test("a member without size is an error", () => {
    const types = new TypeBuilder();
    types.composite("struct", "s", 0, [["x", 0, 0]]);
    expect(() => types.btf().member("s", "x")).toThrow(BtfError);
  });

  test("a bit field over more than 8 bytes is an error", () => {
    const types = new TypeBuilder();
    types.composite("struct", "s", 16, [["x", types.int("u64", 8), 3, 64]]);
    expect(() => types.btf().member("s", "x")).toThrow("bit field of 64 bits at bit 3 needs two loads");
  });
});
