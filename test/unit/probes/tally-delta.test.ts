import { boundsOf, bucketOf } from "../../../src/probes/log-histogram";
import { keyText, TallyDelta } from "../../../src/probes/tally-delta";
import { took } from "./durations";

const read = { number: 0, abi: 0 };
const write = { number: 1, abi: 0 };

test("the first reading is all there is", () => {
  expect(new TallyDelta().since([{ key: read, stats: took(5, 7) }])).toEqual([
    { key: read, stats: took(5, 7) },
  ]);
});

test("later ones are the difference; groups that stood still are not there", () => {
  const delta = new TallyDelta();
  delta.since([
    { key: read, stats: took(5) },
    { key: write, stats: took(3) },
  ]);
  const found = delta.since([
    { key: read, stats: took(5, 6, 7) },
    { key: write, stats: took(3) },
  ]);
  expect(found).toEqual([{ key: read, stats: took(6, 7) }]);
});

test("a maximum that rose is exact; one that did not is the upper end of the highest bucket of the interval", () => {
  const delta = new TallyDelta();
  delta.since([{ key: read, stats: took(1000) }]);
  const [same] = delta.since([{ key: read, stats: took(1000, 500) }]);
  expect(same?.stats.maxNs).toBe(boundsOf(bucketOf(500)).high);
  const [risen] = delta.since([{ key: read, stats: took(1000, 500, 4321) }]);
  expect(risen?.stats.maxNs).toBe(4321);
});

test("the maximum is never above that since the start", () => {
  const delta = new TallyDelta();
  delta.since([{ key: read, stats: took(970) }]);
  expect(delta.since([{ key: read, stats: took(970, 965) }])[0]?.stats.maxNs).toBe(970);
});

test("a maximum that two CPUs raced for is corrected from the histogram", () => {
  const stats = { ...took(5, 5000), maxNs: 5 };
  expect(new TallyDelta().since([{ key: read, stats }])[0]?.stats.maxNs).toBe(boundsOf(bucketOf(5000)).low);
});

test("a group that was evicted and came back begins anew", () => {
  const delta = new TallyDelta();
  delta.since([{ key: read, stats: took(5, 6, 7) }]);
  expect(delta.since([{ key: read, stats: took(9) }])).toEqual([{ key: read, stats: took(9) }]);
});

test("a group that was away for a reading begins anew", () => {
  const delta = new TallyDelta();
  delta.since([{ key: read, stats: took(5) }]);
  delta.since([]);
  expect(delta.since([{ key: read, stats: took(5, 6) }])[0]?.stats.count).toBe(2);
});

test.each([
  ["numbers", { number: 1 }, { number: 2 }],
  ["ABIs", { number: 1, abi: 0 }, { number: 1, abi: 1 }],
  ["processes and threads", { pid: 1, tid: 23 }, { pid: 12, tid: 3 }],
  ["cgroups", { cgroup: 1n }, { cgroup: 2n }],
  ["names that look like other fields", { comm: "a|b" }, { comm: "a", errno: 1 }],
])("keys differ as text: %s", (_name, one, other) => {
  expect(keyText(one)).not.toBe(keyText(other));
  expect(keyText(one)).toBe(keyText({ ...one }));
});
