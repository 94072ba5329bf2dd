import { parseBtf } from "../../../../src/bpf/btf/btf";
import { BtfError } from "../../../../src/bpf/btf/error";
import { TypeBuilder } from "./type-builder";

function sample(): Uint8Array {
  const types = new TypeBuilder();
  types.typedef("number", types.int("int", 4, true));
  return types.bytes();
}

/** The sample (28 bytes of types, 12 of strings) with one word of it changed. */
function patched(at: number, word: number): Uint8Array {
  const bytes = sample();
  new DataView(bytes.buffer).setUint32(at, word, true);
  return bytes;
}

test.each<[string, Uint8Array, string]>([
  ["no bytes", new Uint8Array(), "header needs 24 bytes, got 0"],
  ["short header", sample().subarray(0, 23), "header needs 24 bytes, got 23"],
  ["other magic", patched(0, 0x01_7f45), "magic is 0x7f45, not 0xeb9f"],
  ["big-endian", patched(0, 0x01_9feb), "big-endian blob"],
  ["version 2", patched(0, 0x02_eb9f), "version 2 is not 1"],
  ["small header length", patched(4, 20), "header length is 20"],
  ["large header length", patched(4, 2 ** 32 - 1), "header length is 4294967295"],
  ["types beyond the end", patched(12, 44), "type section ends at 68 of 64 bytes"],
  ["types beyond 32 bits", patched(8, 2 ** 32 - 4), "type section ends at 4294967344 of 64 bytes"],
  ["half words", patched(12, 27), "type section has 27 bytes"],
  ["strings beyond the end", patched(20, 13), "string section ends at 65 of 64 bytes"],
  ["no strings", patched(20, 0), "string section is empty"],
  ["open string", patched(20, 11), "string section does not end in NUL"],
  ["strings moved beyond the end", patched(16, 29), "string section ends at 65 of 64 bytes"],
  ["types cut in a head", patched(12, 24), "type section ends inside type 1"],
  ["types cut in a tail", patched(12, 12), "last type ends 4 bytes late"],
  ["kind 0", patched(28, 0), "kind 0 at byte 0 is not known"],
  ["kind 20", patched(28, 20 * 2 ** 24), "kind 20 at byte 0 is not known"],
  ["too many members", patched(28, 4 * 2 ** 24 + 0xff_ffff), "last type ends 201326564 bytes late"],
])("%s", (_name, bytes, fact) => {
  expect(() => parseBtf(bytes)).toThrow(new BtfError(`parse BTF: ${fact}`));
});

test("the first string must be empty", () => {
  const bytes = sample();
  bytes[52] = 1;
  expect(() => parseBtf(bytes)).toThrow("parse BTF: first string is not empty");
});

test("a blob at an odd address reads the same", () => {
  const blob = sample();
  const odd = new Uint8Array(blob.length + 1).subarray(1);
  odd.set(blob);
  expect(parseBtf(odd).typeById(2)).toEqual({ kind: "typedef", id: 2, name: "number", type: 1 });
});

/** A header with a layout section, which says of each kind how much follows it: `{ u8 fixed, u8 each, u16 flags }`. */
function withLayout(kind: number, layoutOfKind: readonly [fixed: number, each: number]): Uint8Array {
  const words = [2, kind * 2 ** 24 + 3, 0, 11, 12, 13, 14, 15, 16, 17, /* typedef */ 1, 8 * 2 ** 24, 0];
  const layout = Buffer.alloc(4 * (kind + 1));
  layout.set(layoutOfKind, 4 * kind);
  const types = 4 * words.length;
  const bytes = Buffer.alloc(32 + types + layout.length + 4);
  bytes.writeUInt32LE(0x01_eb9f, 0);
  [32, 0, types, types + layout.length, 4, types, layout.length].forEach((value, i) => {
    bytes.writeUInt32LE(value, 4 + 4 * i);
  });
  words.forEach((value, i) => {
    bytes.writeUInt32LE(value, 32 + 4 * i);
  });
  bytes.set(layout, 32 + types);
  bytes.write("\0ab\0", 32 + types + layout.length, "latin1");
  return bytes;
}

test("the layout section steps over kinds newer than bpfkit", () => {
  const btf = parseBtf(withLayout(25, [4, 8]));
  expect(btf.typeById(1)).toEqual({ kind: "unknown", id: 1, number: 25 });
  expect(btf.typeById(2)).toEqual({ kind: "typedef", id: 2, name: "ab", type: 0 });
  expect(btf.sizeOf(1)).toBeUndefined();
  expect(btf.format(1, "x")).toBe("/* kind 25 */ x");
});

test.each<[string, readonly [number, number], RegExp]>([
  ["half words", [3, 8], /kind 25 at byte 0 is not known/],
  ["too little", [0, 8], /kind 17 at byte 36|kind 0 at byte 36/],
])("a layout of %s does not mislead", (_name, layout, message) => {
  expect(() => parseBtf(withLayout(25, layout))).toThrow(message);
});
