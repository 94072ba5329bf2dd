import { parseFdInfo } from "../../../bench/attached-programs";
import { statusKib } from "../../../bench/process-status";
import { nsPerCall } from "../../../bench/program-cost";
import { addedNs } from "../../../bench/syscall-cost";
import { parseTimes } from "../../../bench/workload";

test("fdinfo of a link", () => {
  const info = parseFdInfo("pos:\t0\nlink_type:\traw_tracepoint\nprog_id:\t9295\ntp_name:\tsys_enter\n");
  expect(info.get("link_type")).toBe("raw_tracepoint");
  expect(info.get("prog_id")).toBe("9295");
  expect(info.has("run_cnt")).toBe(false);
});

describe("status", () => {
  const status = "Name:\tnode\nVmHWM:\t   71404 kB\nVmRSS:\t   65000 kB\nThreads:\t11\n";
  test.each([
    ["VmHWM", 71404],
    ["VmRSS", 65000],
    ["VmSwap", undefined],
    ["Threads", undefined],
  ])("%s", (field, expected) => expect(statusKib(status, field)).toBe(expected));
});

describe("times of the workload", () => {
  test("real, user and system time", () => {
    expect(parseTimes("0.460 0.125 0.250\n")).toEqual({ wall: 0.46, cpu: 0.375 });
  });

  test("refuses what is no time", () => {
    expect(() => parseTimes("bash: dd: command not found\n")).toThrow(
      'no times in "bash: dd: command not found"',
    );
  });
});

test("what a tracer added is taken over the bare run of the same round", () => {
  const bare = [
    { wall: 1, cpu: 0.5 },
    { wall: 3, cpu: 1.5 },
  ];
  const traced = [
    { wall: 2, cpu: 0.75 },
    { wall: 3, cpu: 1.625 },
  ];
  expect(addedNs(traced, bare, "cpu", 1e6)).toEqual([250, 125]);
  expect(addedNs(traced, bare, "wall", 1e6)).toEqual([1000, 0]);
});

test("programs that run for other events than calls are left out of the cost of a call", () => {
  const runs = [
    { runs: 1000, timeNs: 30_000 },
    { runs: 2000, timeNs: 20_000 },
    { runs: 3, timeNs: 9000 },
  ];
  expect(nsPerCall(runs, 1000)).toBe(40);
});
