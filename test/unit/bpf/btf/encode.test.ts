import { parseBtf } from "../../../../src/bpf/btf/btf";
import { encodeBtf, type TypeSpec } from "../../../../src/bpf/btf/encode";

const int: TypeSpec = {
  kind: "int",
  name: "int",
  size: 4,
  bits: 32,
  offset: 0,
  signed: true,
  char: false,
  bool: false,
};

describe("encodeBtf", () => {
  // The bytes as Documentation/bpf/btf.rst describes them, written out by hand.
  test.each<[string, TypeSpec[], string]>([
    ["nothing", [], "9feb0100 18000000 00000000 00000000 00000000 01000000 00"],
    [
      "int",
      [int],
      "9feb0100 18000000 00000000 10000000 10000000 05000000  01000000 00000001 04000000 20000001  00 696e7400",
    ],
    [
      "bit field struct",
      [
        int,
        {
          kind: "struct",
          name: "",
          size: 4,
          members: [{ name: "int", type: 1, bitOffset: 5, bitfieldSize: 3 }],
        },
      ],
      `9feb0100 18000000 00000000 28000000 28000000 05000000  01000000 00000001 04000000 20000001
       00000000 01000084 04000000 01000000 01000000 05000003  00 696e7400`,
    ],
  ])("%s", (_name, types, hex) => {
    expect(Buffer.from(encodeBtf(types)).toString("hex")).toBe(hex.replace(/\s/g, ""));
  });

  test.each<[string, TypeSpec]>([
    ["int", int],
    ["bool", { ...int, name: "_Bool", size: 1, bits: 8, signed: false, bool: true }],
    ["char", { ...int, name: "char", size: 1, bits: 8, char: true }],
    ["int with offset", { ...int, bits: 3, offset: 4 }],
    ["128-bit int", { ...int, name: "__int128", size: 16, bits: 128 }],
    ["ptr", { kind: "ptr", type: 0 }],
    ["const", { kind: "const", type: 7 }],
    ["volatile", { kind: "volatile", type: 7 }],
    ["restrict", { kind: "restrict", type: 7 }],
    ["array", { kind: "array", type: 1, indexType: 2, length: 4_294_967_295 }],
    [
      "struct far out",
      {
        kind: "struct",
        name: "s",
        size: 4_000_000,
        members: [{ name: "a", type: 1, bitOffset: 31_999_968, bitfieldSize: 0 }],
      },
    ],
    [
      "union with bit fields",
      {
        kind: "union",
        name: "",
        size: 8,
        members: [
          { name: "a", type: 1, bitOffset: 0, bitfieldSize: 64 },
          { name: "", type: 1, bitOffset: 32, bitfieldSize: 0 },
        ],
      },
    ],
    [
      "enum",
      { kind: "enum", name: "e", size: 4, signed: false, values: [{ name: "A", value: 4_294_967_295 }] },
    ],
    ["signed enum", { kind: "enum", name: "e", size: 4, signed: true, values: [{ name: "A", value: -1 }] }],
    [
      "enum64",
      { kind: "enum64", name: "e", size: 8, signed: false, values: [{ name: "A", value: 2n ** 64n - 1n }] },
    ],
    [
      "signed enum64",
      { kind: "enum64", name: "e", size: 8, signed: true, values: [{ name: "A", value: -(2n ** 40n) }] },
    ],
    ["fwd struct", { kind: "fwd", name: "s", of: "struct" }],
    ["fwd union", { kind: "fwd", name: "u", of: "union" }],
    ["typedef", { kind: "typedef", name: "t", type: 1 }],
    ["func", { kind: "func", name: "f", type: 3, linkage: "extern" }],
    [
      "func_proto",
      {
        kind: "func_proto",
        returns: 1,
        params: [
          { name: "a", type: 1 },
          { name: "", type: 2 },
        ],
        variadic: false,
      },
    ],
    [
      "variadic func_proto",
      { kind: "func_proto", returns: 0, params: [{ name: "a", type: 1 }], variadic: true },
    ],
    ["var", { kind: "var", name: "v", type: 1, linkage: "global" }],
    ["datasec", { kind: "datasec", name: ".data", size: 24, variables: [{ type: 9, offset: 8, size: 16 }] }],
    ["float", { kind: "float", name: "double", size: 8 }],
    ["decl_tag", { kind: "decl_tag", name: "bpf_kfunc", type: 1, component: undefined, attribute: false }],
    ["decl_tag on a parameter", { kind: "decl_tag", name: "t", type: 1, component: 2, attribute: true }],
    ["type_tag", { kind: "type_tag", name: "user", type: 1, attribute: false }],
    ["attribute", { kind: "type_tag", name: "preserve_access_index", type: 1, attribute: true }],
  ])("%s comes back as it was, and the type after it too", (_name, type) => {
    const btf = parseBtf(encodeBtf([type, int]));
    expect(btf.idCount).toBe(3);
    expect(btf.typeById(1)).toEqual({ ...type, id: 1 });
    expect(btf.typeById(2)).toEqual({ ...int, id: 2 });
  });

  test("a string is stored once", () => {
    const once = encodeBtf([int]).length;
    expect(encodeBtf([int, { kind: "typedef", name: "int", type: 1 }]).length).toBe(once + 12);
  });

  test.each<[string, TypeSpec, string]>([
    ["NUL in a name", { kind: "typedef", name: "a\0b", type: 1 }, 'encode BTF: "a\0b" contains NUL'],
    [
      "bit field beyond 24 bits",
      {
        kind: "struct",
        name: "s",
        size: 4,
        members: [{ name: "a", type: 1, bitOffset: 2 ** 24, bitfieldSize: 1 }],
      },
      "encode BTF: bit field of 1 bits at bit 16777216 does not fit",
    ],
  ])("%s is refused", (_name, type, message) => {
    expect(() => encodeBtf([type])).toThrow(message);
  });
});
