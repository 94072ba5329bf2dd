import fc from "fast-check";
import { stackKeyCodec } from "../../../../src/probes/stack-tally";
import { mixed } from "../../../../src/probes/stacks/hash";
import { SampleCounts } from "../../../../src/probes/stacks/sample-counts";

const codec = stackKeyCodec({ by: "comm", state: false, waker: true });
const LENGTH = codec.size / 4;
/** Keys lie somewhere among other words. */
const AT = 3;

/** The words of a key: these first ones, which are the kernel's half of the stack, and a name. */
function wordsOf(first: number, second: number): Uint32Array {
  const words = new Uint32Array(AT + LENGTH).fill(0xffffffff, 0, AT);
  const name = codec.offsets.comm / 4;
  words.set([first, second], AT);
  words.set([0x676f7270], AT + name);
  return words;
}

test("what is counted adds up, by key and by both stacks", () => {
  const id = fc.bigInt({ min: 0n, max: 3n });
  const sample = fc.record({
    kernel: fc.nat(3),
    user: id,
    waker: fc.option(id, { nil: undefined }),
    weight: fc.nat(9),
  });
  fc.assert(
    fc.property(fc.array(sample), (samples) => {
      const counts = new SampleCounts(codec);
      const expected = new Map<string, [number, number]>();
      for (const { kernel, user, waker, weight } of samples) {
        counts.of(wordsOf(kernel, 0), AT).add(user, waker, weight);
        const name = `${kernel} ${user} ${waker ?? 0n}`;
        const [count, total] = expected.get(name) ?? [0, 0];
        expected.set(name, [count + 1, total + weight]);
      }
      // Without a stack of a waker the key's own stays, which is 0.
      const found = new Map<string, [number, number]>();
      for (const [key, { count, total }] of counts.take()) {
        const name = `${key.kernel} ${key.user} ${key.wakerUser}`;
        const [more, sum] = found.get(name) ?? [0, 0];
        found.set(name, [count + more, total + sum]);
        expect(key.comm).toBe("prog");
      }
      expect(found).toEqual(expected);
      expect(counts.take()).toEqual([]);
    }),
  );
});

test("a key and stacks are counted in one place", () => {
  const counts = new SampleCounts(codec);
  for (const waker of [1n, 2n, undefined, 1n]) counts.of(wordsOf(7, 0), AT).add(5n, waker, 10);
  expect(counts.take().map(([{ wakerUser }, weight]) => [wakerUser, weight])).toEqual([
    [0n, { count: 1, total: 10 }],
    [2n, { count: 1, total: 10 }],
    [1n, { count: 2, total: 20 }],
  ]);
});

test("keys that share a hash are told apart", () => {
  const [first, second, other] = [1, 2, 77];
  // What the first words make of the hash is taken back by the second ones.
  const shared = wordsOf(other, second ^ mixed(0, first) ^ mixed(0, other));
  const counts = new SampleCounts(codec);
  for (const words of [wordsOf(first, second), shared, shared]) counts.of(words, AT).add(0n, undefined, 1);
  const found = counts.take().map(([{ kernel }, { count }]) => [Number(kernel & 0xffffffffn), count]);
  expect(found.sort(([a = 0], [b = 0]) => a - b)).toEqual([
    [first, 1],
    [other, 2],
  ]);
});
