import { BtfError } from "../../../../src/bpf/btf/error";
import { TypeBuilder } from "./type-builder";

test.each<[string, (types: TypeBuilder) => number, number | undefined]>([
  ["void", () => 0, undefined],
  ["int", (t) => t.int("int", 4), 4],
  ["pointer", (t) => t.to("ptr", 0), 8],
  ["typedef of const int", (t) => t.typedef("c", t.to("const", t.int("short", 2))), 2],
  [
    "tagged type",
    (t) => t.add({ kind: "type_tag", name: "rcu", type: t.int("int", 4), attribute: false }),
    4,
  ],
  ["array of arrays", (t) => t.array(t.array(t.int("short", 2), 6), 5), 60],
  ["flexible array", (t) => t.array(t.int("int", 4), 0), 0],
  ["array of a typedef of an array", (t) => t.array(t.typedef("a", t.array(t.to("ptr", 0), 3)), 2), 48],
  ["struct", (t) => t.composite("struct", "s", 24, []), 24],
  ["union", (t) => t.composite("union", "u", 16, []), 16],
  ["enum of one byte", (t) => t.add({ kind: "enum", name: "e", size: 1, signed: false, values: [] }), 1],
  ["enum64", (t) => t.add({ kind: "enum64", name: "e", size: 8, signed: false, values: [] }), 8],
  ["float", (t) => t.add({ kind: "float", name: "double", size: 8 }), 8],
  ["forward declaration", (t) => t.add({ kind: "fwd", name: "s", of: "struct" }), undefined],
  ["function", (t) => t.func("f", t.proto(0, [])), undefined],
  ["array of void", (t) => t.array(0, 4), undefined],
])("size of %s", (_name, build, size) => {
  const types = new TypeBuilder();
  const id = build(types);
  expect(types.btf().sizeOf(id)).toBe(size);
});

test("resolve strips everything that does not change the layout", () => {
  const types = new TypeBuilder();
  const int = types.int("int", 4);
  const id = types.typedef("a", types.to("const", types.to("volatile", types.typedef("b", int))));
  expect(types.btf().resolve(id)).toMatchObject({ kind: "int", id: int });
});

test.each<[string, (types: TypeBuilder) => number]>([
  ["typedef of itself", (t) => t.typedef("a", t.nextId)],
  ["ring of const and typedef", (t) => t.to("const", t.typedef("a", t.nextId + 1))],
  ["array of itself", (t) => t.array(t.nextId, 1)],
  ["empty array of itself", (t) => t.array(t.nextId, 0)],
  ["array larger than the address space", (t) => t.array(t.array(t.int("int", 4), 2 ** 20), 2 ** 20)],
  ["array of a type that is not there", (t) => t.array(999, 1)],
])("%s is an error", (_name, build) => {
  const types = new TypeBuilder();
  const id = build(types);
  expect(() => types.btf().sizeOf(id)).toThrow(BtfError);
});
