import { kernelTest } from "../kernel-test";
import { countsBy, rowWith, traced } from "./traced";
import { calls, runWorkload } from "./workload";

const NEEDS = ["raw-tracepoint", "btf-raw-tracepoint", "program:gcc"];
const comm = "bk-threads";
const ALL = ["-n", "0", "--comm", comm];
const NOTHING_LOST = { mapFull: 0, evicted: 0, unfollowedCalls: 0, missedRuns: 0 };

const work = [calls("getppid", 13)];
const more = [calls("getppid", 101), calls("getsid", 7, 0x7fff_fff0)];

for (const [name, steps, expected] of [
  ["a thread", ["t", ...more], { execve: 0 }],
  ["a forked child", ["f", ...more], { execve: 0 }],
  ["a vforked child, with its own program", ["v", ...more], { execve: 1 }],
  ["another program in the same process", ["e", ...more], { execve: 1 }],
  ["a program that a thread other than the first executes", ["t", "e", ...more], { execve: 1 }],
  ["a thread of a thread's child's program", ["t", "f", "v", "t", ...more], { execve: 1 }],
] as const)
  for (const option of ["--errors", "--latency"])
    kernelTest(NEEDS, `${option} follows calls of ${name}`, async ({ kernel }) => {
      const { rows, lost } = await traced(kernel, [...ALL, option, "--errors"], () =>
        runWorkload([...work, ...steps], { comm }),
      );
      expect(rowWith(rows, { syscall: "getppid" })).toMatchObject({ count: 114, failed: 0 });
      expect(rowWith(rows, { syscall: "getsid" })).toMatchObject({ count: 7, failed: 7 });
      // That by which node starts the program is entered under another name, so it does not count.
      const execve = countsBy(rows, "syscall")["execve"] ?? 0;
      expect(Number(execve)).toBe(expected.execve);
      expect(lost).toEqual(NOTHING_LOST);
    });

kernelTest(NEEDS, "nothing stays in flight once its threads are gone", async ({ kernel }) => {
  const { rows } = await traced(kernel, [...ALL, "--in-flight"], () => {
    for (const steps of [["t"], ["f"], ["v"], ["e"], ["t", "e"], ["t", "f", "v", "t"]])
      runWorkload([...work, ...steps, ...more], { comm });
  });
  expect(rows).toEqual([]);
});
