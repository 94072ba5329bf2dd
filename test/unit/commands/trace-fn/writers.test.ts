import { CallClock } from "../../../../src/commands/trace-fn/call-clock";
import { type CallWriter, longestLine } from "../../../../src/commands/trace-fn/call-writer";
import { csvWriter } from "../../../../src/commands/trace-fn/csv-writer";
import { lineWriter } from "../../../../src/commands/trace-fn/line-writer";
import { jsonWriter, ndjsonWriter } from "../../../../src/commands/trace-fn/ndjson-writer";
import type { ShownSite } from "../../../../src/commands/trace-fn/shown-site";
import { ByteWriter } from "../../../../src/output/byte-writer";
import { choiceForm, namedForm } from "../../../../src/probes/calls/syscall-flags";
import { formNamed, type Param, type ValueForm } from "../../../../src/probes/calls/value-form";
import { ADDRESS, type MadeUpCall, madeUpRecord, madeUpSite } from "./made-up-call";

/** At a second that is the same in every time zone of whole hours, as far as minutes go. */
const NOW = new Date("2026-11-21T03:16:28.250Z");
const NOW_NS = 5_000_000_000n;
const clock = () => new CallClock(NOW, NOW_NS);

const param = (name: string, form: string): Param => ({ name, form: formNamed(form, "test") });
const int64 = formNamed("i64", "test");

function line(writer: CallWriter, site: ShownSite, call: MadeUpCall): string {
  const out = new ByteWriter(longestLine([site]));
  writer.writerOf(site)(out, madeUpRecord(site, call), 0);
  return Buffer.from(out.take()).toString();
}

/** The arguments of a call, as each form of output shows them. */
function shown(
  form: ValueForm,
  value: MadeUpCall["args"][number],
): { text: string; json: unknown; csv: string } {
  const site = madeUpSite([{ name: "x", form }]);
  const call = { args: [value] };
  return {
    text: / call\(x=(.*)\)\n$/s.exec(line(lineWriter([site], clock()), site, call))?.[1] ?? "",
    json: JSON.parse(line(ndjsonWriter([site], clock()), site, call)).args.x,
    csv: /,call,(.*)\r\n$/s.exec(line(csvWriter([site], clock()), site, call))?.[1] ?? "",
  };
}

describe("a number of the form", () => {
  test.each<[string, bigint, string, unknown]>([
    ["d", 0xffff_ffffn, "-1", -1],
    ["d", 0x1_0000_0005n, "5", 5],
    ["u", 0xffff_ffffn, "4294967295", 4294967295],
    ["i8", 0xfbn, "-5", -5],
    ["i16", 0xfed4n, "-300", -300],
    ["u8", 0x1ffn, "255", 255],
    ["u16", 0x1_ffffn, "65535", 65535],
    ["i64", -5_000_000_000n, "-5000000000", -5000000000],
    ["i64", -1n, "-1", -1],
    ["i64", -(2n ** 32n), "-4294967296", -4294967296],
    ["i64", -(2n ** 63n), "-9223372036854775808", "-9223372036854775808"],
    ["u64", 2n ** 53n - 1n, "9007199254740991", 9007199254740991],
    ["u64", 2n ** 64n - 1n, "18446744073709551615", "18446744073709551615"],
    ["x", 0xdead_beef_0000_0001n, "0xdeadbeef00000001", "0xdeadbeef00000001"],
    ["x32", 0xffff_ffff_0000_00ffn, "0xff", "0xff"],
    ["bool", 1n, "true", true],
    ["bool", 256n, "false", false],
    ["x8", 0x1ffn, "0xff", "0xff"],
    ["o", 0o100644n, "0100644", "0100644"],
    ["o", 0n, "0", "0"],
  ])("%s %s", (form, value, text, json) => {
    expect(shown(formNamed(form, "test"), value)).toEqual({ text, json, csv: text });
  });
});

describe("a number with a meaning:", () => {
  const open = namedForm("openat", "flags", formNamed("x32", "test"), "x86-64");
  const dirfd = choiceForm("directory", 4);
  const port: ValueForm = { kind: "int", size: 2, signed: false, swapped: true };
  test.each<[string, ValueForm, bigint, unknown]>([
    ["a name", dirfd, 0xffff_ff9cn, "AT_FDCWD"],
    ["a number without one", dirfd, 7n, 7],
    ["flags", open, 0o1101n, "O_WRONLY|O_CREAT|O_TRUNC"],
    ["no flag", open, 0n, "O_RDONLY"],
    ["flags without a name", open, 0x8000_0002n, "O_RDWR|0x80000000"],
    ["an order of bytes", port, 0x901fn, 8080],
  ])("%s", (_name, form, value, json) =>
    expect(shown(form, value)).toEqual({ text: String(json), json, csv: String(json) }),
  );
});

describe("what an argument leads to:", () => {
  const bytes = (...list: number[]) => ({ bytes: list });
  test.each<[string, ValueForm, { readonly bytes: readonly number[] }, string, unknown, string]>([
    ["an array", formNamed("u8[3]", "test"), bytes(1, 2, 255), "[1,2,255]", [1, 2, 255], "1 2 255"],
    [
      "an array of large numbers",
      formNamed("u64[2]", "test"),
      bytes(7, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255),
      "[7,18446744073709551615]",
      [7, "18446744073709551615"],
      "7 18446744073709551615",
    ],
    [
      "an array of words",
      formNamed("x16[2]", "test"),
      bytes(1, 0, 255, 0),
      "[0x1,0xff]",
      ["0x1", "0xff"],
      "0x1 0xff",
    ],
    [
      "an address of a socket",
      formNamed("sockaddr", "test"),
      bytes(2, 0, 0x1f, 0x90, 127, 0, 0, 1),
      '"127.0.0.1:8080"',
      "127.0.0.1:8080",
      "127.0.0.1:8080",
    ],
    [
      "a path, with what a terminal would obey",
      formNamed("path", "test"),
      { bytes: [...Buffer.from("a\x1b[0m\0tmp\0")] },
      '"/tmp/a\\e[0m"',
      "/tmp/a\x1b[0m",
      "/tmp/a\x1b[0m",
    ],
    ["the root", formNamed("path", "test"), bytes(), '"/"', "/", "/"],
  ])("%s", (_name, form, value, text, json, csv) => expect(shown(form, value)).toEqual({ text, json, csv }));

  test("that could not be read is an address", () => {
    const text = `0x${ADDRESS.toString(16)}`;
    for (const name of ["u8[3]", "sockaddr", "path", "str"])
      expect(shown(formNamed(name, "test"), null)).toEqual({ text, json: text, csv: text });
  });
});

describe("a string", () => {
  const form = formNamed("str", "test");
  test.each<[string, string, string, string, string]>([
    ["plain", "/etc/hosts", '"/etc/hosts"', "/etc/hosts", "/etc/hosts"],
    ["empty", "", '""', "", ""],
    ["with quotes and commas", 'a "b", c', '"a \\"b\\", c"', 'a "b", c', '"a ""b"", c"'],
    ["with controls", "a\x1b[31m\n", '"a\\e[31m\\n"', "a\x1b[31m\n", '"a\x1b[31m\n"'],
    ["beyond ASCII", "é", '"é"', "é", "é"],
    ["cut", "0123456789abcdef", '"0123456789abcde…"', "0123456789abcde…", "0123456789abcde…"],
  ])("%s", (_name, value, text, json, csv) => {
    expect(shown(form, value)).toEqual({ text, json, csv });
  });
});

const openat = madeUpSite(
  [{ name: "dfd", form: choiceForm("directory", 4) }, param("filename", "str")],
  int64,
  { name: "openat" },
);
const failed: MadeUpCall = {
  timeNs: NOW_NS + 750_000_001n,
  comm: 'a,"b',
  args: [-100n, "/x"],
  durationNs: 12_345n,
  result: -2n,
};

test("a line has the time, who calls, how long it took, and the call with its result", () => {
  const text = line(lineWriter([openat], clock()), openat, failed);
  expect(text).toMatch(
    /^\d\d:\d\d:29\.000000 {2}12 {6}34 {6}a,"b {18}12\.3 {2}openat\(dfd=AT_FDCWD, filename="\/x"\) = -2 ENOENT\n$/,
  );
});

test("a call is written the same whatever came before it", () => {
  const close = madeUpSite([param("fd", "d")], int64, { name: "close" });
  const sites = [openat, close];
  const second = NOW_NS + 750_000_000n;
  const calls: [ShownSite, MadeUpCall][] = [
    [openat, failed],
    [openat, failed],
    [openat, { ...failed, timeNs: second - 1n }],
    [openat, { ...failed, timeNs: second }],
    [openat, { ...failed, timeNs: second + 999_999_999n, args: [7n, "/y"] }],
    [close, { ...failed, timeNs: second + 999_999_999n, args: [7n], site: 1 }],
    [close, { ...failed, timeNs: second + 60_000_000_000n, args: [7n], site: 1 }],
    [close, { ...failed, timeNs: second + 60_000_000_000n, args: [7n], site: 1, pid: 13 }],
    [close, { ...failed, timeNs: second + 60_000_000_001n, args: [7n], site: 1, pid: 13, comm: "b" }],
  ];
  for (const create of [lineWriter, ndjsonWriter, csvWriter]) {
    const one = create(sites, clock());
    expect(calls.map(([site, call]) => line(one, site, call))).toEqual(
      calls.map(([site, call]) => line(create(sites, clock()), site, call)),
    );
  }
});

test("the heading stands over the columns of the lines", () => {
  const writer = lineWriter([openat], clock());
  const heading = writer.head();
  expect(heading.indexOf("CALL")).toBe(line(writer, openat, failed).indexOf("openat("));
});

test("a line of JSON has the same by name, to the nanosecond", () => {
  expect(JSON.parse(line(ndjsonWriter([openat], clock()), openat, failed))).toEqual({
    time: "2026-11-21T03:16:29.000000001Z",
    event: "call",
    pid: 12,
    tid: 34,
    comm: 'a,"b',
    function: "openat",
    args: { dfd: "AT_FDCWD", filename: "/x" },
    result: -2,
    errno: "ENOENT",
    durationNs: 12345,
  });
});

test("an int's error number is its lower half", () => {
  const site = madeUpSite([], formNamed("d", "test"));
  const text = line(ndjsonWriter([site], clock()), site, { args: [], result: 0xffff_fffen });
  expect(JSON.parse(text)).toMatchObject({ result: -2, errno: "ENOENT" });
});

test("a return whose call was not seen has no duration", () => {
  const text = line(ndjsonWriter([openat], clock()), openat, { args: [0n, "x"], result: 3n });
  expect(JSON.parse(text)).not.toHaveProperty("durationNs");
});

describe("CSV", () => {
  const write = madeUpSite([param("fd", "d"), param("count", "u64")], undefined, { name: "write" });

  test("names the arguments after the only function", () => {
    expect(csvWriter([write], clock()).head()).toBe("time,pid,tid,comm,function,args.fd,args.count\r\n");
    expect(line(csvWriter([write], clock()), write, { args: [1n, 2n] })).toBe(
      "2026-11-21T03:16:23.250000000Z,12,34,worker,write,1,2\r\n",
    );
  });

  test("numbers them where functions differ, and fills rows up", () => {
    const writer = csvWriter([write, openat], clock());
    const columns = writer.head().trim().split(",");
    expect(columns.slice(5)).toEqual(["args.1", "args.2", "result", "errno", "durationNs"]);
    expect(line(writer, write, { args: [1n, 2n] })).toMatch(/,write,1,2,,,\r\n$/);
    expect(line(writer, openat, failed)).toMatch(/,12,34,"a,""b",openat,AT_FDCWD,\/x,-2,ENOENT,12345\r\n$/);
  });
});

test("a JSON document is put together as calls come", () => {
  const writer = jsonWriter([openat], clock(), { tool: "bpfkit" });
  const totals = {
    startedAt: NOW,
    endedAt: NOW,
    durationNs: 5,
    counts: Float64Array.of(2),
    filtered: 7,
    lost: { ringFull: 1 },
  };
  const calls = [line(writer, openat, failed), line(writer, openat, failed)];
  const document = JSON.parse(writer.head() + calls.join("") + writer.end(totals));
  expect(document).toMatchObject({
    tool: "bpfkit",
    startedAt: NOW.toISOString(),
    durationNs: 5,
    totals: { count: 2, filtered: 7, functions: { openat: 2 } },
    lost: { ringFull: 1 },
  });
  expect(document.rows).toHaveLength(2);
});

test("the line at the end tells totals and losses", () => {
  const sites = [openat, { ...openat, name: "close" }];
  const counts = Float64Array.of(3, 5);
  const end = { startedAt: NOW, endedAt: NOW, durationNs: 5, counts, filtered: 1, lost: { ringFull: 2 } };
  expect(lineWriter(sites, clock()).end(end)).toBe(
    "\nTotal: 8 calls.\n  5  close\n  3  openat\nFiltered out: 1 call.\nLost: 2 (ring full 2).\n",
  );
  expect(JSON.parse(ndjsonWriter(sites, clock()).end(end))).toEqual({
    time: NOW.toISOString(),
    event: "end",
    count: 8,
    filtered: 1,
    functions: { openat: 3, close: 5 },
    lost: { ringFull: 2 },
  });
});

test("no line is longer than was reckoned with", () => {
  const site = madeUpSite([param("s", "str"), param("n", "i64")], int64);
  const worst = "\x01".repeat(15);
  const call = { comm: worst, args: [worst, -(2n ** 63n)], result: -(2n ** 63n), durationNs: 2n ** 52n };
  for (const writer of [
    lineWriter([site], clock()),
    ndjsonWriter([site], clock()),
    csvWriter([site], clock()),
  ])
    expect(line(writer, site, call).length).toBeLessThan(longestLine([site]));
});
