import { parseBtf } from "../../../../src/bpf/btf/btf";
import { BtfError } from "../../../../src/bpf/btf/error";
import { TypeBuilder } from "./type-builder";

function kernel() {
  const types = new TypeBuilder();
  const int = types.int("int", 4, true);
  types.typedef("task", int);
  types.composite("struct", "task", 4, [["pid", int, 0]]);
  types.composite("union", "task", 4, []);
  types.composite("struct", "task", 8, []);
  types.composite("struct", "task_struct", 8, []);
  return types;
}

describe("find", () => {
  test("tells kinds apart and takes the first of several", () => {
    const btf = kernel().btf();
    expect(btf.find("struct", "task")).toMatchObject({ id: 3, kind: "struct", size: 4 });
    expect(btf.find("union", "task")).toMatchObject({ id: 4, kind: "union" });
    expect(btf.find("typedef", "task")).toMatchObject({ id: 2, type: 1 });
  });

  test.each([["tas"], ["task_"], ["task_struct_x"], [""], ["task\0"], ["sk"]])("%j is not there", (name) => {
    expect(kernel().btf().find("struct", name)).toBeUndefined();
  });

  test("names that end in another name", () => {
    // A string table may let "flags" be the tail of "pflags"; make one that does.
    const types = new TypeBuilder();
    types.typedef("pflags", 0);
    types.typedef("x", 0);
    const bytes = types.bytes();
    new DataView(bytes.buffer).setUint32(24 + 12, 2, true);
    expect(parseBtf(bytes).find("typedef", "flags")).toMatchObject({ id: 2, name: "flags" });
  });
});

test("all yields the types of one kind in order", () => {
  const btf = kernel().btf();
  expect([...btf.all("struct")].map((type) => type.id)).toEqual([3, 5, 6]);
  expect([...btf.all("enum")]).toEqual([]);
});

test("type 0 is void, ids without a type are errors", () => {
  const btf = kernel().btf();
  expect(btf.typeById(0)).toEqual({ kind: "void", id: 0 });
  for (const id of [7, -1, 0.5, Number.NaN, 2 ** 32]) expect(() => btf.typeById(id)).toThrow(BtfError);
});

test("a name beyond the strings is an error, but only when asked for", () => {
  const bytes = kernel().bytes();
  new DataView(bytes.buffer).setUint32(24, 5000, true);
  const btf = parseBtf(bytes);
  expect(btf.find("struct", "task")).toMatchObject({ id: 3 });
  expect(btf.find("int", "int")).toBeUndefined();
  expect(() => btf.typeById(1)).toThrow(/^BTF string 5000: strings end at \d+$/);
});

describe("split", () => {
  const base = kernel().btf();
  const types = new TypeBuilder(base);
  const own = types.composite("struct", "module_state", 12, [
    ["task", 3, 0],
    ["count", 1, 64],
  ]);
  types.composite("struct", "task", 99, []);
  const btf = types.btf();

  test("ids and strings continue those of the base", () => {
    expect(own).toBe(base.idCount);
    expect(btf.firstId).toBe(7);
    expect(btf.idCount).toBe(9);
    expect(btf.typeById(own)).toMatchObject({ name: "module_state" });
    expect(btf.typeById(3)).toEqual(base.typeById(3));
    expect(btf.member("module_state", "task.pid")).toEqual({ offset: 0, size: 4, type: 1 });
  });

  test("find prefers the base, findOwn the module", () => {
    expect(btf.find("struct", "task")?.size).toBe(4);
    expect(btf.findOwn("struct", "task")?.size).toBe(99);
    expect(btf.findOwn("struct", "task_struct")).toBeUndefined();
    expect(base.find("struct", "module_state")).toBeUndefined();
  });

  test("names may stand in the base's strings", () => {
    const bytes = types.bytes();
    const nameInBase = new DataView(kernel().bytes().buffer).getUint32(24, true);
    new DataView(bytes.buffer).setUint32(24, nameInBase, true);
    expect(parseBtf(bytes, base).findOwn("struct", "int")).toMatchObject({ id: own, name: "int" });
  });

  test("all begins with the base", () => {
    expect([...btf.all("struct")].map((type) => type.id)).toEqual([3, 5, 6, 7, 8]);
  });

  test("a split blob may have no strings of its own", () => {
    expect(new TypeBuilder(base).btf().idCount).toBe(base.idCount);
  });
});
