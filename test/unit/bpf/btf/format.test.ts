import { BtfError } from "../../../../src/bpf/btf/error";
import { TypeBuilder } from "./type-builder";

const int = (t: TypeBuilder) => t.int("int", 4, true);
const tag = (t: TypeBuilder, name: string, type: number, attribute = false) =>
  t.add({ kind: "type_tag", name, type, attribute });

test.each<[string, (types: TypeBuilder) => number, string]>([
  ["void", () => 0, "void x"],
  ["int", int, "int x"],
  ["pointer to void", (t) => t.to("ptr", 0), "void *x"],
  ["pointer to const", (t) => t.to("ptr", t.to("const", t.int("char", 1))), "const char *x"],
  ["const pointer", (t) => t.to("const", t.to("ptr", t.int("char", 1))), "char *const x"],
  [
    "volatile const pointer",
    (t) => t.to("volatile", t.to("const", t.to("ptr", int(t)))),
    "int *const volatile x",
  ],
  ["restrict pointer", (t) => t.to("restrict", t.to("ptr", 0)), "void *restrict x"],
  ["pointer to pointer", (t) => t.to("ptr", t.to("ptr", int(t))), "int **x"],
  ["array", (t) => t.array(int(t), 16), "int x[16]"],
  ["two dimensions", (t) => t.array(t.array(int(t), 6), 5), "int x[5][6]"],
  ["flexible array", (t) => t.array(int(t), 0), "int x[]"],
  ["array of pointers", (t) => t.array(t.to("ptr", int(t)), 2), "int *x[2]"],
  ["pointer to array", (t) => t.to("ptr", t.array(int(t), 2)), "int (*x)[2]"],
  ["pointer to const array", (t) => t.to("ptr", t.to("const", t.array(int(t), 2))), "const int (*x)[2]"],
  ["function pointer", (t) => t.to("ptr", t.proto(0, [["a", int(t)]])), "void (*x)(int a)"],
  [
    "function pointer that returns one",
    (t) => t.to("ptr", t.proto(t.to("ptr", t.proto(0, [])), [])),
    "void (*(*x)(void))(void)",
  ],
  ["array of function pointers", (t) => t.array(t.to("ptr", t.proto(0, [], true)), 3), "void (*x[3])(...)"],
  ["struct", (t) => t.composite("struct", "file", 8, []), "struct file x"],
  ["anonymous union", (t) => t.composite("union", "", 8, []), "union { ... } x"],
  ["enum", (t) => t.add({ kind: "enum", name: "e", size: 4, signed: false, values: [] }), "enum e x"],
  [
    "anonymous enum64",
    (t) => t.add({ kind: "enum64", name: "", size: 8, signed: false, values: [] }),
    "enum { ... } x",
  ],
  ["forward union", (t) => t.add({ kind: "fwd", name: "u", of: "union" }), "union u x"],
  ["typedef", (t) => t.typedef("pid_t", int(t)), "pid_t x"],
  ["user pointer", (t) => t.to("ptr", tag(t, "user", t.int("char", 1))), "char __user *x"],
  ["attribute", (t) => tag(t, "packed", int(t), true), "int __attribute__((packed)) x"],
  ["variable", (t) => t.add({ kind: "var", name: "v", type: int(t), linkage: "global" }), "int x"],
])("declares %s", (_name, build, text) => {
  const types = new TypeBuilder();
  const id = build(types);
  expect(types.btf().format(id, "x")).toBe(text);
});

test.each<[string, (types: TypeBuilder) => number, string]>([
  ["int", int, "int"],
  ["pointer", (t) => t.to("ptr", int(t)), "int *"],
  ["array", (t) => t.array(int(t), 4), "int [4]"],
  ["function pointer", (t) => t.to("ptr", t.proto(0, [["", int(t)]], true)), "void (*)(int, ...)"],
  ["variable", (t) => t.add({ kind: "var", name: "v", type: t.to("ptr", 0), linkage: "global" }), "void *v"],
])("writes %s without a name", (_name, build, text) => {
  const types = new TypeBuilder();
  const id = build(types);
  expect(types.btf().format(id)).toBe(text);
});

test("a prototype", () => {
  const types = new TypeBuilder();
  const file = types.to("ptr", types.composite("struct", "file", 8, []));
  const size = types.typedef("size_t", types.int("unsigned long", 8));
  types.func(
    "vfs_read",
    types.proto(size, [
      ["file", file],
      ["buf", types.to("ptr", 0)],
      ["count", size],
    ]),
  );
  types.func("nothing", types.proto(0, []));
  const btf = types.btf();
  expect(btf.formatPrototype("vfs_read")).toBe("size_t vfs_read(struct file *file, void *buf, size_t count)");
  expect(btf.formatPrototype("nothing")).toBe("void nothing(void)");
  expect(btf.formatPrototype("file")).toBeUndefined();
});

test.each<[string, (types: TypeBuilder) => number]>([
  ["a pointer to itself", (t) => t.to("ptr", t.nextId)],
  ["const of itself", (t) => t.to("const", t.nextId)],
  [
    "a prototype that takes itself twice",
    (t) =>
      t.proto(0, [
        ["a", t.nextId],
        ["b", t.nextId],
      ]),
  ],
  [
    "a prototype that fans out",
    (t) => {
      let id = t.proto(0, []);
      for (let i = 0; i < 40; i++)
        id = t.proto(0, [
          ["a", id],
          ["b", id],
        ]);
      return id;
    },
  ],
])("%s is an error, not endless", (_name, build) => {
  const types = new TypeBuilder();
  const id = build(types);
  expect(() => types.btf().format(id)).toThrow(BtfError);
});
