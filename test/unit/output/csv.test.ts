import { csvRenderer } from "../../../src/output/csv";
import type { Column, Json, Report } from "../../../src/output/report";
import { type Call, calls, nextReport, reportOf } from "./sample";

function render(
  reports: readonly Report<Call>[],
  options: { intervals?: boolean; terminal?: boolean } = {},
): string {
  const renderer = csvRenderer({ intervals: false, ...options });
  return reports.map((report) => [...renderer.render(report)].join("")).join("");
}

test("one header line with the JSON names, bare numbers, CRLF", () => {
  expect(render([reportOf(calls)])).toBe(
    "name,count,share\r\nread,1201,0.6\r\nopenat,601,0.3\r\nclock_nanosleep,199,0.1\r\n",
  );
});

test("the header is there without rows", () => expect(render([reportOf([])])).toBe("name,count,share\r\n"));

test("intervals have a leading time and no second header", () => {
  const text = render([reportOf(calls.slice(0, 1)), nextReport(calls.slice(0, 1))], { intervals: true });
  expect(text).toBe(
    "time,name,count,share\r\n2026-11-21T10:00:01.000Z,read,1201,0.6\r\n2026-11-21T10:00:02.500Z,read,1201,0.6\r\n",
  );
});

test.each([
  ["a comma", "a,b", '"a,b"'],
  ["quotes", 'say "hi"', '"say ""hi"""'],
  ["a line end", "a\nb", '"a\nb"'],
  ["a carriage return", "a\rb", '"a\rb"'],
  ["an escape, intact", "\x1b[2J", "\x1b[2J"],
  ["nothing", "", ""],
  ["null", null, ""],
  ["not a number", Number.NaN, ""],
  ["a boolean", true, "true"],
  ["a large bigint, bare", 2n ** 64n - 1n, "18446744073709551615"],
  ["a large number, bare", 1e21, "1000000000000000000000"],
  ["the word null", "null", "null"],
  ["an array", ["a", 1], '"[""a"",1]"'],
] as const)("a field with %s", (_name, value: Json, field) => {
  const only: Column<Call> = { title: "value", key: "value", text: String, json: () => value };
  expect(render([reportOf(calls.slice(0, 1), { columns: [only] })])).toBe(`value\r\n${field}\r\n`);
});

test("on a terminal control characters are written out", () => {
  const row = { name: "a\x1bb", count: 1, share: 1 };
  expect(render([reportOf([row])], { terminal: true })).toContain("\r\na\\eb,1,1\r\n");
});
