import { cstring, struct, u32, u64 } from "../../../src/core/codec";
import { Attr } from "../../../src/sys/attr";

const Layout = struct({ count: u32, name: cstring(8), list: u64, flags: u64 });

test("fields not named are zero, buffers are pointed to", () => {
  const buffer = Uint8Array.of(1, 2);
  const attr = Attr.of(Layout, { count: 7, name: "abc", list: buffer });
  expect(Buffer.from(attr.bytes).toString("hex")).toBe(
    `07000000${"6162630000000000"}${"00000000"}${"00".repeat(16)}`,
  );
  expect([...attr.pointers]).toEqual([[Layout.offsets.list, buffer]]);
});

test("numbers stand where the layout has 64 bits", () => {
  const attr = Attr.of(Layout, { flags: 5, list: 2n ** 63n });
  expect([attr.read(Layout, "flags"), attr.read(Layout, "list")]).toEqual([5n, 2n ** 63n]);
  attr.write(Layout, "flags", 6n);
  expect(attr.read(Layout, "flags")).toBe(6n);
});

test("what does not fit is refused by name of the field's codec", () => {
  expect(() => Attr.of(Layout, { count: -1 })).toThrow("u32: -1 is not an integer");
  expect(() => Attr.of(Layout, { name: "too long!" })).toThrow("cstring");
});

test("a list has a pointer for each, and blocks nest", () => {
  const names = Attr.list([Uint8Array.of(65, 0), Uint8Array.of(66, 0)]);
  const attr = Attr.of(Layout, { list: names });
  expect(names.bytes.length).toBe(16);
  expect([...names.pointers.keys()]).toEqual([0, 8]);
  expect(attr.pointers.get(Layout.offsets.list)).toBe(names);
});
