import { parseBtf } from "../../../../src/bpf/btf/btf";
import { btfForMap } from "../../../../src/bpf/btf/map-btf";
import {
  array,
  bytes,
  type Codec,
  count64,
  cstring,
  i8,
  i16,
  i32,
  i64,
  struct,
  u8,
  u16,
  u32,
  u64,
} from "../../../../src/core/codec";

test("a task storage map: int key, struct value", () => {
  const Value = struct({ start: u64, calls: u32, flags: u8, comm: cstring(16) });
  const { bytes: blob, keyTypeId, valueTypeId } = btfForMap(i32, Value, "latency");
  const btf = parseBtf(blob);
  expect(btf.typeById(keyTypeId)).toMatchObject({
    kind: "int",
    name: "int",
    size: 4,
    bits: 32,
    signed: true,
  });
  expect(btf.typeById(valueTypeId)).toMatchObject({ kind: "struct", name: "latency_value" });
  expect(btf.sizeOf(valueTypeId)).toBe(Value.size);
  for (const field of ["start", "calls", "flags", "comm"] as const)
    expect(btf.member(valueTypeId, field)).toMatchObject({
      offset: Value.offsets[field],
      size: Value.fields[field].size,
    });
});

test.each<[string, Codec<unknown>, string]>([
  ["u8", u8, "unsigned char"],
  ["u16", u16, "unsigned short"],
  ["u32", u32, "unsigned int"],
  ["u64", u64, "unsigned long long"],
  ["count64", count64, "unsigned long long"],
  ["i8", i8, "signed char"],
  ["i16", i16, "short"],
  ["i32", i32, "int"],
  ["i64", i64, "long long"],
  ["bytes", bytes(5), "unsigned char [5]"],
  ["cstring", cstring(16), "unsigned char [16]"],
  ["array", array(u16, 3), "unsigned short [3]"],
  ["array of structs", array(struct({ a: u32, b: u64 }), 2), "unsigned long long [4]"],
  ["struct", struct({ a: u32 }), "struct map_value"],
])("%s keeps its size", (_name, codec, text) => {
  const { bytes: blob, valueTypeId } = btfForMap(u32, codec);
  const btf = parseBtf(blob);
  expect(btf.format(valueTypeId)).toBe(text);
  expect(btf.sizeOf(valueTypeId)).toBe(codec.size);
});

test("nested structs are described all the way down", () => {
  const Inner = struct({ low: u32, high: u64 });
  const Outer = struct({ first: Inner, second: Inner });
  const { bytes: blob, valueTypeId } = btfForMap(u32, Outer, "m");
  const btf = parseBtf(blob);
  expect(btf.member(valueTypeId, "second.high")).toMatchObject({ offset: 24, size: 8 });
  expect([...btf.all("struct")].map((type) => type.name)).toEqual(["m_value_first", "m_value"]);
});

test("one codec for both is one type", () => {
  const Both = struct({ a: u32 });
  const { keyTypeId, valueTypeId } = btfForMap(Both, Both);
  expect(valueTypeId).toBe(keyTypeId);
});

test("two codecs of one C type share it", () => {
  const { keyTypeId, valueTypeId } = btfForMap(u64, count64);
  expect(valueTypeId).toBe(keyTypeId);
});

test.each([["a-b"], ["1st"], ["naïve"]])("field %j is refused: the kernel would refuse it", (field) => {
  expect(() => btfForMap(u32, struct({ [field]: u32 }))).toThrow(
    `encode BTF: "${field}" is not a C identifier`,
  );
});
