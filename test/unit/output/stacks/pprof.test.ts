import { gunzipSync } from "node:zlib";
import { Profile as Message } from "pprof-format";
import { pprofFile } from "../../../../src/output/stacks/pprof";
import type { Profile } from "../../../../src/output/stacks/profile";
import { deep, empty, facts, info, kernel, mixed, profileOf, program, shop, user } from "./sample";

/** A file read back by pprof-format, with its numbers for strings resolved. */
function decoded(profile: Profile) {
  const message = Message.decode(gunzipSync(pprofFile(profile, info)));
  const text = (at: number | bigint) => message.stringTable.strings[Number(at)]!;
  const functions = new Map(message.function.map((each) => [Number(each.id), each]));
  const locations = new Map(message.location.map((each) => [Number(each.id), each]));
  const type = ({ type, unit }: { type: number | bigint; unit: number | bigint }) => [text(type), text(unit)];
  return {
    message,
    text,
    types: message.sampleType.map(type),
    periodType: message.periodType === undefined ? undefined : type(message.periodType),
    samples: message.sample.map(({ locationId, value, label }) => ({
      stack: locationId.map((id) =>
        locations.get(Number(id))!.line.map((line) => text(functions.get(Number(line.functionId))!.name)),
      ),
      value: value.map(Number),
      labels: label.map(({ key, str, num }) => `${text(key)}=${Number(str) === 0 ? num : text(str)}`),
    })),
  };
}

test("stacks have the innermost frame first, and inlined functions share the address of their caller", () => {
  const { types, periodType, samples, message } = decoded(mixed);
  expect(types).toEqual([
    ["samples", "count"],
    ["cpu", "nanoseconds"],
  ]);
  expect(periodType).toEqual(["cpu", "nanoseconds"]);
  expect(Number(message.period)).toBe(10_000_000);
  expect(samples.map(({ stack }) => stack)).toEqual([
    [["pay"], ["main"]],
    [["add", "pay"], ["main"]],
    [["render"], ["main"]],
    [["vfs_read"], ["load"], ["main"]],
    [["do_idle"]],
  ]);
  expect(samples[0]).toMatchObject({ value: [3, 30_000_000], labels: ["process=shop", "pid=42", "tid=43"] });
  expect(samples[4]).toMatchObject({ value: [2, 20_000_000], labels: ["process=[idle]"] });
});

test("mappings have their build ids, the program comes first, and addresses lie inside", () => {
  const { message, text } = decoded(mixed);
  const mappings = message.mapping.map(({ memoryStart, memoryLimit, fileOffset, filename, buildId }) => ({
    path: text(filename),
    buildId: text(buildId),
    start: BigInt.asUintN(64, BigInt(memoryStart)),
    end: BigInt.asUintN(64, BigInt(memoryLimit)),
    fileOffset: BigInt(fileOffset),
  }));
  expect(mappings).toEqual([program, { ...kernel, buildId: "" }]);
  const inside = message.location
    .filter(({ mappingId }) => Number(mappingId) !== 0)
    .map(({ address, mappingId }) => {
      const { start, end } = mappings[Number(mappingId) - 1]!;
      const at = BigInt.asUintN(64, BigInt(address));
      return start <= at && at < end;
    });
  expect(inside).toEqual([true, true, true, true, true, true]);
});

test("libraries and the kernel never come first", () => {
  const of = (path: string) => ({ ...user(path), module: { ...program, path } });
  const paths = ["[vdso]", "/lib/libc.so.6", "/usr/bin/a", "/lib/a.so"];
  const { message, text } = decoded(profileOf([{ frames: paths.map(of), weight: 1 }]));
  expect(message.mapping.map(({ filename }) => text(filename))).toEqual([
    "/usr/bin/a",
    "/lib/a.so",
    "/lib/libc.so.6",
    "[vdso]",
  ]);
});

test("time, length, title, notes and losses go along", () => {
  const { message, text } = decoded(
    profileOf([], { notes: ["no names"], lost: { stacksFull: 3, mapFull: 0 } }),
  );
  expect(BigInt(message.timeNanos)).toBe(BigInt(facts.startedAt.getTime()) * 1_000_000n);
  expect(Number(message.durationNanos)).toBe(2e9);
  expect(message.comment.map(text)).toEqual([
    "bpfkit 0.1.0 stack-profile",
    "Linux 6.1.0-18-amd64",
    "CPU time",
    "no names",
    "lost: stacksFull 3",
  ]);
  expect(text(message.defaultSampleType)).toBe("cpu");
});

test.each([
  [
    "waits",
    { unit: "nanoseconds", measure: "off-cpu", periodNs: undefined },
    [
      ["samples", "count"],
      ["off-cpu", "nanoseconds"],
    ],
    [3, 700],
  ],
  ["events", { unit: "count", measure: "event", periodNs: undefined }, [["event", "count"]], [700]],
  [
    "bytes",
    { unit: "bytes", measure: "alloc", periodNs: undefined },
    [
      ["samples", "count"],
      ["alloc", "bytes"],
    ],
    [3, 700],
  ],
] as const)("the values of %s", (_what, changed, types, value) => {
  const found = decoded(profileOf([{ group: shop, frames: ["f"], weight: 700, count: 3 }], changed));
  expect(found.types).toEqual(types);
  expect(found.samples[0]!.value).toEqual(value);
});

test("an empty profile can be read", () => expect(decoded(empty).samples).toEqual([]));

test("ten thousand frames deep", () => {
  const { samples } = decoded(deep(10_000));
  expect(samples[0]!.stack).toHaveLength(10_000);
  expect(samples[0]!.stack[0]).toEqual(["f9999"]);
});

test("the same profile gives the same bytes", () => {
  expect(Buffer.from(pprofFile(mixed, info)).equals(pprofFile(mixed, info))).toBe(true);
});
