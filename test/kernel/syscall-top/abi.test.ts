import { spawnSync } from "node:child_process";
import { kernelTest } from "../kernel-test";
import { raw, repeat } from "./raw-syscalls";
import { countsBy, rowWith, traced } from "./traced";
import { calls, i386Program, runWorkload } from "./workload";

const NEEDS = ["raw-tracepoint", "btf-raw-tracepoint"];
const X86 = [...NEEDS, "x86-64"];

for (const map of ["array", "hash"])
  kernelTest([...X86, "program:gcc"], `int 0x80 from a 64-bit program, --map ${map}`, async ({ kernel }) => {
    // i386: 20 getpid, 64 getppid; x86-64: 20 writev, 64 semget, 39 getpid.
    const { rows } = await traced(kernel, ["--comm", "bk-int80", "-n", "0", "--map", map], () =>
      runWorkload(["i:20:17", "i:64:11", calls("getpid", 13)], { comm: "bk-int80" }),
    );
    expect(rowWith(rows, { syscall: "ia32:getpid" })).toMatchObject({ nr: 20, count: 17 });
    expect(rowWith(rows, { syscall: "ia32:getppid" })).toMatchObject({ nr: 64, count: 11 });
    expect(rowWith(rows, { syscall: "getpid" })).toMatchObject({ nr: 39, count: 13 });
    expect(countsBy(rows, "syscall")).not.toHaveProperty("writev");
    expect(countsBy(rows, "syscall")).not.toHaveProperty("semget");
  });

kernelTest([...X86, "program:gcc"], "int 0x80 with errors and latencies", async ({ kernel }) => {
  const args = ["--comm", "bk-int80", "-n", "0", "--errors", "--latency"];
  const { rows } = await traced(kernel, args, () =>
    runWorkload(["i:20:17", "i:600:5"], { comm: "bk-int80" }),
  );
  expect(rowWith(rows, { syscall: "ia32:getpid" })).toMatchObject({ count: 17, failed: 0 });
  expect(rowWith(rows, { syscall: "ia32:#600" })).toMatchObject({ count: 5, failed: 5 });
});

kernelTest([...X86, "program:gcc"], "a 32-bit program", async ({ kernel }) => {
  const program = i386Program();
  const { rows } = await traced(kernel, ["--comm", "bk-i386", "-n", "0"], () => {
    expect(spawnSync(program).status).toBe(0);
  });
  expect(countsBy(rows, "syscall")).toEqual({ "ia32:getpid": 17, "ia32:getppid": 11, "ia32:exit": 1 });
});

kernelTest(
  [...X86, "program:gcc"],
  "--syscall takes calls of each ABI by their own numbers",
  async ({ kernel }) => {
    const { rows } = await traced(kernel, ["--comm", "bk-int80", "--syscall", "getpid", "-n", "0"], () =>
      runWorkload(["i:20:17", "i:39:5", calls("getpid", 13), calls(20, 3)], { comm: "bk-int80" }),
    );
    expect(countsBy(rows, "syscall")).toEqual({ "ia32:getpid": 17, getpid: 13 });
  },
);

kernelTest(X86, "the x32 bit", async ({ kernel }) => {
  const X32 = 0x4000_0000;
  raw().call("getuid");
  const { rows } = await traced(kernel, ["-p", String(process.pid), "-n", "0"], () => {
    repeat(19, X32 | 39);
    repeat(11, X32 | 110);
    repeat(5, "getppid");
  });
  expect(countsBy(rows, "syscall")).toMatchObject({ "x32:getpid": 19, "x32:getppid": 11, getppid: 5 });
});
