/** Conditions on calls whose arguments, results and durations are known. */
import { kernelTest } from "../kernel-test";
import { countsBy, runCommand } from "../run-command";
import { calls } from "./calls";
import { testLibrary } from "./test-library";

const NEEDS = ["uprobe", "uretprobe", "ring-buffer", "btf-raw-tracepoint", "program:gcc"];

/** Seven calls narrow(−5, −300, −70000, −5000000000). */
const NARROW = "a=1:i8,b=2:i16,c=3:i32,d=4:i64";
/** Five calls wide(251, 65521, 4294967291, 18446744073709551557). */
const WIDE = "a=1:u8,b=2:u16,c=3:u32,d=4:u64";

for (const [name, forms, filter, expected] of [
  ["narrow", NARROW, "a == -5", 7],
  ["narrow", NARROW, "-5 == a", 7],
  ["narrow", NARROW, "a > 0", 0],
  ["narrow", NARROW, "a < -4 && b < -299", 7],
  ["narrow", NARROW, "c >= -70000 && c <= -70000", 7],
  ["narrow", NARROW, "d < -4999999999", 7],
  ["narrow", NARROW, "!(a == -5)", 0],
  ["narrow", NARROW, "a == 1 || d == -5000000000", 7],
  ["narrow", NARROW, "(a == 1 || b == 2) && c < 0", 0],
  ["narrow", NARROW, "b & 0xff == 0xd4", 7],
  ["narrow", NARROW, "a < b", 0],
  ["narrow", NARROW, "b < a", 7],
  ["narrow", NARROW, "a", 7],
  ["wide", WIDE, "a > 250 && b > 65520", 5],
  ["wide", WIDE, "c == 4294967291", 5],
  ["wide", WIDE, "c < 0", 0],
  ["wide", WIDE, "d > 9223372036854775807", 5],
  ["wide", WIDE, "d == 18446744073709551557 && c < d", 5],
] as const)
  kernelTest(NEEDS, `${name}: ${filter}`, async ({ kernel }) => {
    const target = `${testLibrary.library}:${name}`;
    const work = [testLibrary.program, "narrow", "7", "0", "wide", "5", "0"];
    const args = ["trace-fn", "--count", target, "--arg", forms, "--filter", filter];
    const { totals } = await runCommand(kernel, args, work);
    const made = name === "narrow" ? 7 : 5;
    expect(totals).toMatchObject({ count: expected, filtered: made - expected });
  });

kernelTest(NEEDS, "on the result, of calls that nest", async ({ kernel }) => {
  const args = [
    `${testLibrary.library}:factorial`,
    "--arg",
    "n=1:i64,ret:i64",
    "--filter",
    "ret > 2 && n < 5",
  ];
  const found = await calls(kernel, args, [testLibrary.program, "factorial", "3", "5"]);
  expect(found.calls.map(({ args: given, result }) => [given["n"], result])).toEqual(
    Array(3)
      .fill([
        [3, 6],
        [4, 24],
      ])
      .flat(),
  );
});

kernelTest(NEEDS, "on the duration", async ({ kernel }) => {
  const args = [`${testLibrary.library}:doze`, "--arg", "n=1:i64", "--filter", "duration >= 30ms"];
  const found = await calls(kernel, args, [testLibrary.program, "doze", "5", "1", "doze", "2", "30000000"]);
  expect(found.calls.filter(({ args: given }) => given["n"] === 30000000)).toHaveLength(2);
  // On a busy machine a short sleep may take long.
  for (const { durationNs } of found.calls) expect(durationNs).toBeGreaterThanOrEqual(30_000_000);
  expect(found.end.count + found.end.filtered).toBe(7);
});

kernelTest(NEEDS, "on arguments that stand at different places in different calls", async ({ kernel }) => {
  const work = ["dd", "if=/dev/zero", "of=/dev/null", "bs=7", "count=101", "status=none"];
  const args = ["trace-fn", "--count", "s:read", "s:write", "--filter", "count == 7 && ret == 7"];
  const { rows } = await runCommand(kernel, args, work);
  expect(countsBy(rows, "function")).toEqual({ read: 101, write: 101 });
});

kernelTest(NEEDS, "on an error, by name", async ({ kernel }) => {
  const args = ["s:openat", "s:openat2", "--filter", "ret == -ENOENT"];
  const found = await calls(kernel, args, ["sh", "-c", "cat /made/up/for/the/test 2>/dev/null; :"]);
  const shown = found.calls;
  expect(shown.filter(({ args: given }) => given["filename"] === "/made/up/for/the/test")).toHaveLength(1);
  for (const { errno } of shown) expect(errno).toBe("ENOENT");
});

kernelTest(NEEDS, "what tasks and times leave out is counted", async ({ kernel }) => {
  const target = `${testLibrary.library}:doze`;
  const work = [testLibrary.program, "doze", "11", "1"];
  for (const [filters, filtered] of [
    [["--slower", "10s"], 11],
    [["--comm", "somebody_else"], 11],
    [["--uid", "1"], 11],
    [["--slower", "1ns", "--uid", "0"], 0],
  ] as const) {
    const { totals } = await runCommand(kernel, ["trace-fn", "--latency", target, ...filters], work);
    expect([filters, totals]).toMatchObject([filters, { count: 11 - filtered, filtered }]);
  }
});

kernelTest(NEEDS, "of system calls too", async ({ kernel }) => {
  const work = ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=211", "status=none"];
  const { totals } = await runCommand(kernel, ["trace-fn", "--count", "s:write", "--comm", "sh"], work);
  expect(totals).toMatchObject({ count: 0, filtered: 211 });
});
