import type { CallWriter } from "../../../../src/commands/trace-fn/call-writer";
import { longestLine } from "../../../../src/commands/trace-fn/call-writer";
import { chromeWriter } from "../../../../src/commands/trace-fn/chrome-writer";
import { perfettoWriter } from "../../../../src/commands/trace-fn/perfetto-writer";
import type { ShownSite } from "../../../../src/commands/trace-fn/shown-site";
import { ByteWriter } from "../../../../src/output/byte-writer";
import { formNamed, type Param } from "../../../../src/probes/calls/value-form";
import { readTrace } from "../../../perfetto-reader";
import { ADDRESS, type MadeUpCall, madeUpRecord, madeUpSite } from "./made-up-call";

const NOW = new Date("2026-11-21T03:16:28.250Z");
const param = (name: string, form: string): Param => ({ name, form: formNamed(form, "test") });
const dir: Param = {
  name: "dir",
  form: { kind: "enum", size: 4, signed: true, names: new Map([[-100, "AT_FDCWD"]]) },
};
const every = madeUpSite(
  [
    ...[param("small", "i8"), param("int", "d"), param("huge", "u64"), param("low", "i64"), param("at", "x")],
    ...[param("flag", "bool"), param("text", "str"), param("lost", "str"), dir, param("byte", "u8")],
  ],
  formNamed("i64", "test"),
  { name: "every", category: "syscall" },
);
const args = [
  ...[0xfbn, 0xffff_fffen, 2n ** 64n - 1n, -(2n ** 63n), ADDRESS, 1n, 'a "b"\n', null, 0xffff_ff9cn, 0x1ffn],
];
const instant = madeUpSite([param("n", "d")], undefined, { name: "tick", category: "tracepoint" });

function written(writer: CallWriter, calls: readonly (readonly [ShownSite, MadeUpCall])[]): Buffer {
  const out = new ByteWriter(calls.length * longestLine([every]));
  for (const [site, call] of calls) writer.writerOf(site)(out, madeUpRecord(site, call), 0);
  const body = Buffer.from(out.take());
  const counts = Float64Array.of(1, 1);
  const totals = { startedAt: NOW, endedAt: NOW, durationNs: 5, counts, filtered: 0, lost: { ringFull: 2 } };
  return Buffer.concat([Buffer.from(writer.head()), body, Buffer.from(writer.end(totals))]);
}

/** The inner call comes first, as calls return. */
const calls = [
  [every, { timeNs: 2n ** 53n + 1001n, args, durationNs: 5n, result: -2n }],
  [instant, { timeNs: 2n ** 53n + 1010n, args: [7n] }],
  [every, { timeNs: 2n ** 53n + 1000n, args, durationNs: 11n, result: 3n, comm: "other" }],
] as const;

test("Chrome: complete events with typed arguments, instants, names of threads, totals", () => {
  const near = calls.map(([site, call]) => [site, { ...call, timeNs: call.timeNs - 2n ** 53n }] as const);
  const document = JSON.parse(written(chromeWriter([every, instant], { tool: "bpfkit" }), near).toString());
  const [process, thread, inner, tick, renamed, outer] = document.traceEvents;
  expect(process).toEqual({ name: "process_name", ph: "M", pid: 12, tid: 34, args: { name: "worker" } });
  expect(thread).toEqual({ name: "thread_name", ph: "M", pid: 12, tid: 34, args: { name: "worker" } });
  expect(inner).toEqual({
    ...{ name: "every", cat: "syscall", ph: "X", ts: 1.001, dur: 0.005, pid: 12, tid: 34 },
    args: {
      ...{ small: -5, int: -2, huge: "18446744073709551615", low: "-9223372036854775808" },
      ...{ at: `0x${ADDRESS.toString(16)}`, flag: true, text: 'a "b"\n', lost: `0x${ADDRESS.toString(16)}` },
      ...{ dir: "AT_FDCWD", byte: 255, result: -2, errno: "ENOENT" },
    },
  });
  expect(tick).toEqual({
    name: "tick",
    cat: "tracepoint",
    ph: "i",
    s: "t",
    ts: 1.01,
    pid: 12,
    tid: 34,
    args: { n: 7 },
  });
  expect(renamed.args).toEqual({ name: "other" });
  expect([outer.name, outer.args.result]).toEqual(["every", 3]);
  expect(document.otherData).toMatchObject({ tool: "bpfkit", count: 2, lost: { ringFull: 2 } });
});

test("Chrome: a result without arguments, and no call at all", () => {
  const bare = madeUpSite([], formNamed("d", "test"), { name: "bare" });
  const document = JSON.parse(
    written(chromeWriter([bare], {}), [[bare, { args: [], durationNs: 3n, result: 5n }]]).toString(),
  );
  expect(document.traceEvents.at(-1).args).toEqual({ result: 5 });
  expect(JSON.parse(written(chromeWriter([bare], {}), []).toString()).traceEvents).toEqual([]);
});

test("Perfetto: slices that nest by their times, with typed arguments", () => {
  const slices = readTrace(written(perfettoWriter(NOW, 5n), calls));
  const pointers = { at: ADDRESS, lost: `0x${ADDRESS.toString(16)}` };
  expect(slices.map(({ name, depth, startNs, endNs }) => [name, depth, startNs, endNs])).toEqual([
    ["every", 0, 2n ** 53n + 1000n, 2n ** 53n + 1011n],
    ["every", 1, 2n ** 53n + 1001n, 2n ** 53n + 1006n],
    ["tick", 1, 2n ** 53n + 1010n, undefined],
  ]);
  expect(slices[1]).toMatchObject({
    ...{ category: "syscall", thread: "other", process: "worker" },
    args: {
      ...{ small: -5n, int: -2n, huge: 2n ** 64n - 1n, low: -(2n ** 63n), ...pointers },
      ...{ flag: true, text: 'a "b"\n', dir: "AT_FDCWD", byte: 255n, result: -2n, errno: "ENOENT" },
    },
  });
  expect(slices[2]?.args).toEqual({ n: 7n });
});

test("Perfetto: no call at all is an empty trace", () =>
  expect(readTrace(written(perfettoWriter(NOW, 5n), []))).toEqual([]));

test("no call takes more room than was reckoned with", () => {
  const worst = "\x01".repeat(15);
  const site = madeUpSite([param("s", "str"), param("n", "i64")], formNamed("i64", "test"));
  const call = { comm: worst, args: [worst, -(2n ** 63n)], result: -(2n ** 63n), durationNs: 2n ** 52n };
  for (const writer of [chromeWriter([site], {}), perfettoWriter(NOW, 5n)]) {
    const out = new ByteWriter(2 * longestLine([site]));
    writer.writerOf(site)(out, madeUpRecord(site, call), 0);
    expect(out.at).toBeLessThan(longestLine([site]));
  }
});
