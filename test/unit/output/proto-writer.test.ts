import { ByteWriter } from "../../../src/output/byte-writer";
import {
  beginMessage,
  endMessage,
  writeInteger,
  writeNatural,
  writeString,
  writeWord,
} from "../../../src/output/proto-writer";
import { readMessage } from "../../perfetto-reader";

function written(write: (out: ByteWriter) => void): ReturnType<typeof readMessage> {
  const out = new ByteWriter(4096);
  write(out);
  return readMessage(Buffer.from(out.take()));
}

test.each([0, 1, 127, 128, 2 ** 31, 2 ** 32, 2 ** 53 - 1])("a natural number: %d", (value) =>
  expect(written((out) => writeNatural(out, 7, value)).get(7)).toEqual([BigInt(value)]),
);

test.each([0, 5, -1, -300, -(2 ** 31), -(2 ** 32), -(2 ** 32) - 5, -(2 ** 53) + 1])(
  "a signed number: %d",
  (value) => {
    const [word] = written((out) => writeInteger(out, 4, value)).get(4) as [bigint];
    expect(BigInt.asIntN(64, word)).toBe(BigInt(value));
  },
);

test.each([0n, 1n, 2n ** 32n - 1n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n])("64 bits: %d", (value) =>
  expect(
    written((out) => writeWord(out, 3, Number(value >> 32n), Number(value & 0xffff_ffffn))).get(3),
  ).toEqual([value]),
);

test("messages inside of messages, and text", () => {
  const message = written((out) => {
    const outer = beginMessage(out, 1);
    writeString(out, 23, "é;");
    const inner = beginMessage(out, 4);
    writeString(out, 10, "x".repeat(300));
    endMessage(out, inner);
    endMessage(out, outer);
    writeNatural(out, 2, 3);
  });
  const outer = readMessage(message.get(1)?.[0] as Buffer);
  expect(outer.get(23)?.[0]?.toString()).toBe("é;");
  expect(
    readMessage(outer.get(4)?.[0] as Buffer)
      .get(10)?.[0]
      ?.toString(),
  ).toHaveLength(300);
  expect(message.get(2)).toEqual([3n]);
});
