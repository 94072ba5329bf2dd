import { wantsColor } from "../../../src/output/color";
import { percentText, perSecond, rateText, timeScale, wholeText } from "../../../src/output/figures";
import { formatOf, isUtf8 } from "../../../src/output/format";
import { timestamp } from "../../../src/output/timestamps";

test.each([
  [0, "0"],
  [1234567, "1234567"],
  [2n ** 64n, "18446744073709551616"],
])("wholeText(%p)", (value, text) => expect(wholeText(value)).toBe(text));

test.each([
  [0.1234, "12.3"],
  [1, "100.0"],
  [Number.NaN, "-"],
])("percentText(%d)", (share, text) => expect(percentText(share)).toBe(text));

test.each([
  [0, 1e9, "0", 0],
  [3, 2e9, "1.5", 1.5],
  [1n, 3e9, "0.3", 0.333],
  [99, 1e9, "99.0", 99],
  [1000, 1e9, "1000", 1000],
  [5, 0, "-", null],
])("%p events in %d ns", (count, durationNs, text, value) => {
  expect(rateText(count, durationNs)).toBe(text);
  expect(perSecond(count, durationNs)).toBe(value);
});

test.each([
  [99_999, "ns", 1500, "1500"],
  [100_000, "us", 1500, "1.5"],
  [99_999_999, "us", 99_999_999n, "100000.0"],
  [100e6, "ms", 1500, "0.002"],
  [100e9, "s", 1.5e9, "1.500"],
])("a column up to %d ns is in %s", (largest, unit, ns, text) => {
  const scale = timeScale(largest);
  expect(scale.unit).toBe(unit);
  expect(scale.text(ns)).toBe(text);
});

test.each([
  ["out.json", "json"],
  ["/tmp/a.b/OUT.CSV", "csv"],
  ["x.jsonl", "ndjson"],
  ["x.ndjson", "ndjson"],
  ["x.txt", "table"],
  ["x", undefined],
  [".json", undefined],
  ["json", undefined],
  ["a.json/x", undefined],
])("formatOf(%p)", (path, format) => expect(formatOf(path)).toBe(format));

test("a command's own endings, the longest first", () => {
  const endings = { ".gz": "gzip", ".pb.gz": "pprof" } as const;
  expect(formatOf("x.pb.gz", endings)).toBe("pprof");
  expect(formatOf("x.gz", endings)).toBe("gzip");
});

test.each([
  [{ LANG: "en_US.UTF-8" }, true],
  [{ LANG: "C.utf8" }, true],
  [{ LC_ALL: "C", LANG: "en_US.UTF-8" }, false],
  [{ LC_ALL: "", LC_CTYPE: "de_DE.UTF-8", LANG: "C" }, true],
  [{}, false],
])("isUtf8(%p)", (env, expected) => expect(isUtf8(env)).toBe(expected));

test.each([
  ["auto", true, {}, true],
  ["auto", false, {}, false],
  ["auto", true, { NO_COLOR: "1" }, false],
  ["auto", true, { NO_COLOR: "" }, true],
  ["auto", true, { TERM: "dumb" }, false],
  ["always", false, { NO_COLOR: "1" }, true],
  ["never", true, {}, false],
] as const)("--color %s, terminal %p, %p", (mode, isTTY, env, expected) => {
  expect(wantsColor(mode, isTTY, env)).toBe(expected);
});

test("clock is the local time of day", () => {
  const at = new Date(2026, 10, 21, 9, 5, 7);
  expect(timestamp("clock", at, at)).toBe("09:05:07");
});
