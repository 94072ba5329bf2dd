import { jsonRenderer, jsonText, ndjsonRenderer } from "../../../src/output/json";
import type { Renderer } from "../../../src/output/renderer";
import type { Report } from "../../../src/output/report";
import { type Call, calls, info, nextReport, reportOf } from "./sample";

const render = (renderer: Renderer, ...reports: Report<Call>[]) =>
  reports.map((report) => [...renderer.render(report)].join("")).join("");

describe("a value", () => {
  test.each([
    ["a number", 1.5, "1.5"],
    ["the largest exact number", Number.MAX_SAFE_INTEGER, "9007199254740991"],
    ["a number above 2^53", 2 ** 60, '"1152921504606846976"'],
    ["a number that JavaScript writes with an exponent", 1e21, '"1000000000000000000000"'],
    ["a small bigint", 7n, "7"],
    ["a large bigint", 2n ** 64n - 1n, '"18446744073709551615"'],
    ["a very negative bigint", -(2n ** 63n), '"-9223372036854775808"'],
    ["not a number", Number.NaN, "null"],
    ["infinity", Number.POSITIVE_INFINITY, "null"],
    ["null", null, "null"],
    ["a boolean", false, "false"],
    ["an array of strings and bigints", ["a", 1n], '["a",1]'],
    ["an object", { a: { b: 2n ** 60n } }, '{"a":{"b":"1152921504606846976"}}'],
    ["C0, DEL and C1 as escapes", "\x1b\x7f\x9b", '"\\u001b\\u007f\\u009b"'],
  ])("%s", (_name, value, text) => expect(jsonText(value)).toBe(text));

  test("control characters arrive intact", () => {
    const text = "\x1b[2J\u009b\n\u202e日";
    expect(JSON.parse(jsonText(text))).toBe(text);
  });
});

test("json is one document with a line per row", () => {
  expect(render(jsonRenderer(info, false), reportOf(calls.slice(0, 2)))).toMatchInlineSnapshot(`
"{
  "tool": "bpfkit",
  "version": "0.1.0",
  "command": "syscall-top",
  "kernel": "6.1.0-18-amd64",
  "startedAt": "2026-11-21T10:00:00.000Z",
  "endedAt": "2026-11-21T10:00:01.000Z",
  "durationNs": 1000000000,
  "rows": [
    {"name":"read","count":1201,"share":0.6},
    {"name":"openat","count":601,"share":0.3}
  ],
  "totals": {"count":2001},
  "lost": {"mapFull":0,"missedProbe":0}
}
"
`);
});

test("a document without rows", () => {
  const text = render(jsonRenderer(info, false), reportOf([]));
  expect(JSON.parse(text)).toMatchObject({ rows: [], lost: { mapFull: 0, missedProbe: 0 } });
  expect(text).toContain('"rows": [],\n');
});

test("with intervals every document is one line", () => {
  const lines = render(jsonRenderer(info, true), reportOf(calls), nextReport([])).split("\n");
  expect(lines).toHaveLength(3);
  expect(JSON.parse(lines[0]!)).toEqual(JSON.parse(render(jsonRenderer(info, false), reportOf(calls))));
  expect(JSON.parse(lines[1]!)).toMatchObject({ startedAt: "2026-11-21T10:00:01.000Z", rows: [] });
});

test("ndjson is a line per row with its interval and its losses", () => {
  const report = reportOf(calls.slice(0, 2), { lost: { mapFull: 3 } });
  expect(render(ndjsonRenderer(), report, nextReport([]))).toMatchInlineSnapshot(`
"{"time":"2026-11-21T10:00:01.000Z","startedAt":"2026-11-21T10:00:00.000Z","durationNs":1000000000,"name":"read","count":1201,"share":0.6,"lost":{"mapFull":3}}
{"time":"2026-11-21T10:00:01.000Z","startedAt":"2026-11-21T10:00:00.000Z","durationNs":1000000000,"name":"openat","count":601,"share":0.3,"lost":{"mapFull":3}}
"
`);
});
