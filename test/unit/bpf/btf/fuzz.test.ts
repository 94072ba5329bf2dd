import fc from "fast-check";
import { type Btf, parseBtf } from "../../../../src/bpf/btf/btf";
import { BtfError } from "../../../../src/bpf/btf/error";
import { KINDS } from "../../../../src/bpf/btf/kind";
import { TypeBuilder } from "./type-builder";

/** A blob with every kind in it and names for all queries. */
function sample(): Uint8Array {
  const t = new TypeBuilder();
  const int = t.int("int", 4, true);
  const text = t.to("ptr", t.to("const", t.int("char", 1)));
  const inner = t.composite("union", "", 8, [
    ["inner", t.typedef("int_t", t.to("volatile", int)), 0],
    ["bits", int, 4, 3],
  ]);
  const task = t.composite("struct", "task", 64, [
    ["", inner, 0],
    ["list", t.array(inner, 4), 64],
    ["next", t.to("ptr", t.nextId + 2), 320],
  ]);
  t.add({ kind: "enum", name: "color", size: 4, signed: true, values: [{ name: "RED", value: -1 }] });
  t.add({
    kind: "enum64",
    name: "wide",
    size: 8,
    signed: false,
    values: [{ name: "BIG", value: 2n ** 40n }],
  });
  t.add({ kind: "fwd", name: "other", of: "union" });
  const proto = t.proto(
    int,
    [
      ["task", t.to("restrict", t.to("ptr", task))],
      ["format", text],
    ],
    true,
  );
  t.func("read", proto);
  t.typedef("btf_trace_read", t.to("ptr", proto));
  t.add({ kind: "var", name: "state", type: task, linkage: "global" });
  t.add({
    kind: "datasec",
    name: ".data",
    size: 64,
    variables: [{ type: t.types.length, offset: 0, size: 64 }],
  });
  t.add({ kind: "float", name: "double", size: 8 });
  t.add({ kind: "decl_tag", name: "kfunc", type: proto + 1, component: 1, attribute: false });
  t.add({ kind: "type_tag", name: "user", type: int, attribute: false });
  return t.bytes();
}

/** Runs `query`, letting BtfError pass and nothing else. */
function survive(query: () => unknown): void {
  try {
    query();
  } catch (error) {
    if (!(error instanceof BtfError)) throw error;
  }
}

function useEverything(btf: Btf): void {
  for (let id = 0; id <= Math.min(btf.idCount, 200); id++) {
    survive(() => btf.typeById(id));
    survive(() => btf.resolve(id));
    survive(() => btf.sizeOf(id));
    survive(() => btf.format(id, "x"));
    for (const path of ["inner", "bits", "list[3].inner", "next", "absent"])
      survive(() => btf.member(id, path));
  }
  survive(() => btf.member("task", "list[1].bits"));
  survive(() => btf.prototype("read"));
  survive(() => btf.formatPrototype("read"));
  survive(() => btf.rawTracepoint("read"));
  for (const kind of KINDS) if (kind !== "void") survive(() => [...btf.all(kind)]);
}

/** Parses and uses a blob; fails on anything but success or BtfError. */
function holds(bytes: Uint8Array, base?: Btf): void {
  survive(() => useEverything(parseBtf(bytes, base)));
}

test("the sample itself is whole: every kind, and all queries answer", () => {
  const btf = parseBtf(sample());
  const kinds = new Set(Array.from({ length: btf.idCount }, (_, id) => btf.typeById(id).kind));
  expect([...kinds].sort()).toEqual([...KINDS].sort());
  expect(btf.member("task", "list[1].bits")).toEqual({
    offset: 16,
    size: 1,
    bits: { offset: 4, size: 3 },
    type: 1,
  });
  expect(btf.formatPrototype("read")).toBe("int read(struct task *restrict task, const char *format, ...)");
});

test("every truncation", () => {
  const blob = sample();
  for (let length = 0; length < blob.length; length++) {
    expect(() => parseBtf(blob.subarray(0, length))).toThrow(BtfError);
  }
});

test("random bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 256 }), (bytes) => holds(bytes)));
});

test("random types under a valid header", () => {
  const word = fc.oneof(
    fc.nat(8),
    fc.nat(24).map((kind) => kind * 2 ** 24 + (kind % 3)),
    fc.integer(),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 60 }), (words) => {
      const bytes = Buffer.alloc(24 + 4 * words.length + 4);
      bytes.writeUInt32LE(0x01_eb9f, 0);
      [24, 0, 4 * words.length, 4 * words.length, 4].forEach((value, i) => {
        bytes.writeUInt32LE(value, 4 + 4 * i);
      });
      words.forEach((value, i) => {
        bytes.writeUInt32LE(value >>> 0, 24 + 4 * i);
      });
      holds(bytes);
    }),
  );
});

const mutation = fc.record({
  at: fc.nat(2000),
  value: fc.oneof(fc.nat(40), fc.nat(255)),
  whole: fc.boolean(),
});

test.each([
  ["alone", undefined],
  ["split from another", parseBtf(sample())],
])("mutations of a valid blob, %s", (_name, base) => {
  const blob = sample();
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 6 }), (mutations) => {
      const bytes = Uint8Array.from(blob);
      const view = new DataView(bytes.buffer);
      for (const { at, value, whole } of mutations) {
        // Whole words hit ids and lengths: small ones that stay in range make the cycles.
        if (whole) view.setUint32(24 + 4 * (at % ((bytes.length >> 2) - 6)), value, true);
        else bytes[at % bytes.length] = value;
      }
      holds(bytes, base);
    }),
    { numRuns: 500 },
  );
});
