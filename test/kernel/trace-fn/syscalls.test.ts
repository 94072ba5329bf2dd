/** System calls and tracepoints of programs that the test starts. */
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mountPoint } from "../../../src/sys/mount-point";
import { kernelTest } from "../kernel-test";
import { countsBy, runCommand } from "../run-command";
import { calls, NOTHING_LOST, type TracedCall } from "./calls";
import { testLibrary } from "./test-library";

const NEEDS = ["btf-raw-tracepoint", "ring-buffer"];
/** So many writes of one byte to /dev/null. */
const writes = (count: number) => [
  "dd",
  "if=/dev/zero",
  "of=/dev/null",
  "bs=1",
  `count=${count}`,
  "status=none",
];

describe("each call is shown once", () => {
  kernelTest(NEEDS, "with its arguments", async ({ kernel }) => {
    const found = await calls(kernel, ["s:write"], writes(1009));
    expect(found.calls).toHaveLength(1009);
    for (const call of found.calls) {
      expect(call).toMatchObject({ comm: "dd", function: "write", args: { fd: 1, count: 1 } });
      expect(call).not.toHaveProperty("result");
    }
    expect(found.end).toMatchObject({ count: 1009, functions: { write: 1009 }, lost: NOTHING_LOST });
  });

  kernelTest(NEEDS, "with its result and duration", async ({ kernel }) => {
    const found = await calls(kernel, ["s:write", "--ret"], writes(211));
    expect(found.calls).toHaveLength(211);
    for (const { result, durationNs, args } of found.calls) {
      expect([result, args["count"]]).toEqual([1, 1]);
      expect(durationNs).toBeGreaterThan(0);
    }
    expect(found.end.lost).toEqual(NOTHING_LOST);
  });

  kernelTest(NEEDS, "in the order of time", async ({ kernel }) => {
    const { calls: found } = await calls(kernel, ["s:read", "s:write"], writes(101));
    const times = found.map(({ time }) => time);
    expect(times).toEqual([...times].sort());
  });
});

kernelTest(NEEDS, "strings and failures", async ({ kernel }) => {
  const folder = mkdtempSync(join(tmpdir(), "bpfkit-calls-"));
  const missing = join(folder, "mis,sing");
  const { calls: found } = await calls(
    kernel,
    ["s:openat", "s:chdir", "--ret"],
    ["sh", "-c", `cd ${folder}; cat ${missing} 2>/dev/null; cat /dev/null`],
  );
  rmSync(folder, { recursive: true });
  expect(found.find(({ args }) => args["filename"] === missing)).toMatchObject({
    comm: "cat",
    function: "openat",
    args: { dfd: "AT_FDCWD", filename: missing, flags: "O_RDONLY", mode: "0" },
    result: -2,
    errno: "ENOENT",
  });
  expect(found.find(({ args }) => args["filename"] === "/dev/null")?.result).toBe(3);
  expect(found.find(({ function: name }) => name === "chdir")).toMatchObject({
    comm: "sh",
    args: { filename: folder },
    result: 0,
  });
});

kernelTest([...NEEDS, "program:gcc"], "addresses of sockets, and values by name", async ({ kernel }) => {
  const work = [testLibrary.program, "connects", "3", "0"];
  const { calls: found } = await calls(kernel, ["s:connect", "s:socket", "s:umask"], work);
  const connects = found.filter(({ function: name }) => name === "connect");
  const addresses = [
    "127.0.0.7:4711",
    "[::7]:4712",
    "unix:/made/up/for/the/test",
    "unix:@made up",
    "netlink:4713",
  ];
  expect(connects.map(({ args }) => args["uservaddr"])).toEqual([...addresses, ...addresses, ...addresses]);
  const sockets = found.filter(({ function: name }) => name === "socket");
  const families = ["AF_INET", "AF_INET6", "AF_UNIX", "AF_UNIX", "AF_NETLINK"];
  expect(sockets.map(({ args }) => args["family"])).toEqual([...families, ...families, ...families]);
  for (const { args } of sockets) expect(args["type"]).toBe("SOCK_DGRAM|SOCK_CLOEXEC");
  expect(found.filter(({ function: name }) => name === "umask").map(({ args }) => args["mask"])).toEqual(
    Array(3).fill("027"),
  );
});

kernelTest([...NEEDS, "program:gcc"], "addresses that calls give, once they have", async ({ kernel }) => {
  const targets = ["accept", "accept4", "getsockname", "getpeername", "recvfrom"].map((name) => `s:${name}`);
  const work = [testLibrary.program, "accepts", "1", "0"];
  const address = ({ args }: TracedCall) => args["upeer_sockaddr"] ?? args["usockaddr"] ?? args["addr"];
  const { calls: found } = await calls(kernel, [...targets, "--ret"], work);
  const given = found.map(address);
  const [server, client] = given;
  const socket = given[8];
  const tcp = /^127\.0\.0\.[17]:\d+$/;
  const none = /^0x[0-9a-f]+$/;
  expect(server).toMatch(tcp);
  expect(client).toMatch(tcp);
  expect(socket).toMatch(tcp);
  expect(found.map((one, i) => [one.function, given[i]])).toEqual([
    ["getsockname", server],
    ["accept", client],
    ["getpeername", client],
    ["getsockname", client],
    ["getpeername", expect.stringMatching(none)],
    ["recvfrom", expect.stringMatching(none)],
    ["accept4", "unix:"],
    ["accept4", "unix:@client of the test"],
    ["getsockname", socket],
    ["recvfrom", socket],
    ["recvfrom", "0x0"],
  ]);
  const { calls: entered } = await calls(kernel, targets, work);
  expect(entered).toHaveLength(found.length);
  for (const one of entered) expect(address(one)).toMatch(none);
});

kernelTest(NEEDS, "filters know flags, strings and errors by name", async ({ kernel }) => {
  const work = [
    "sh",
    "-c",
    ": > /dev/null; : > /dev/null; : >> /dev/null; : < /dev/zero; cat /made/up 2>/dev/null; :",
  ];
  for (const [filter, count] of [
    ["flags & O_CREAT && filename == '/dev/null'", 4],
    ["flags & O_APPEND", 1],
    ["filename == '/dev/zer*' && !(flags & O_CREAT)", 1],
    ["dfd == AT_FDCWD && ret == -ENOENT && filename == '/made/up'", 1],
  ] as const) {
    const { totals } = await runCommand(
      kernel,
      ["trace-fn", "--count", "s:openat", "--filter", filter],
      work,
    );
    expect([filter, totals]).toMatchObject([filter, { count }]);
  }
});

kernelTest(NEEDS, "--arg shows some arguments of a call, another one decides", async ({ kernel }) => {
  const args = ["s:read", "s:write", "--arg", "size=count,fd:i64", "--filter", "buf != 0 && count == 1"];
  const { calls: found } = await calls(kernel, args, writes(11));
  const written = found.filter(({ function: name }) => name === "write");
  expect(written.map((call) => call.args)).toEqual(Array(11).fill({ size: 1, fd: 1 }));
});

kernelTest(NEEDS, "a pattern counts all that match", async ({ kernel }) => {
  const { rows, totals } = await runCommand(
    kernel,
    ["trace-fn", "--count", "s:/^(read|write)$/"],
    writes(503),
  );
  expect(countsBy(rows, "function")).toMatchObject({ write: 503 });
  expect(totals).toMatchObject({ functions: 2 });
});

kernelTest(NEEDS, "--slower keeps what slept", async ({ kernel }) => {
  const args = ["s:*nanosleep", "--slower", "30ms"];
  const { calls: found } = await calls(kernel, args, ["sh", "-c", "sleep 0.03; sleep 0.001; sleep 0.05"]);
  // On a busy machine the short one may take long.
  expect(found.length).toBeGreaterThanOrEqual(2);
  for (const { durationNs } of found) expect(durationNs).toBeGreaterThanOrEqual(30_000_000);
});

kernelTest(NEEDS, "--latency of known sleeps", async ({ kernel }) => {
  const work = ["sh", "-c", "sleep 0.02; sleep 0.02; sleep 0.02"];
  const { rows } = await runCommand(kernel, ["trace-fn", "--latency", "s:*nanosleep"], work);
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({ count: 3 });
  expect(Number(rows[0]?.["totalNs"])).toBeGreaterThanOrEqual(60_000_000);
});

const copies777 = ["dd", "if=/dev/zero", "of=/dev/null", "bs=777", "count=13", "status=none"];

kernelTest(NEEDS, "--dist shows how an argument is distributed", async ({ kernel }) => {
  const { rows, totals } = await runCommand(kernel, ["trace-fn", "s:write", "--dist", "count"], copies777);
  expect(rows).toEqual([{ function: "write", from: 512, to: 1023, count: 13 }]);
  expect(totals).toMatchObject({ count: 13 });
});

kernelTest(NEEDS, "--dist of results has a row for those below zero", async ({ kernel }) => {
  const missing = ["sh", "-c", "cd /made/up/1 2>/dev/null; cd /made/up/2 2>/dev/null; cd /; :"];
  const { rows } = await runCommand(kernel, ["trace-fn", "s:chdir", "--dist", "ret"], missing);
  expect(rows).toEqual([
    { function: "chdir", from: null, to: -1, count: 2 },
    { function: "chdir", from: 0, to: 0, count: 1 },
  ]);
});

kernelTest(NEEDS, "--sample takes about one of n", async ({ kernel }) => {
  const { end } = await calls(kernel, ["s:write", "--sample", "1/10"], writes(20_011));
  expect(end.count + end.filtered).toBe(20_011);
  // Five standard deviations on either side of 2001.
  expect(end.count).toBeGreaterThan(2001 - 213);
  expect(end.count).toBeLessThan(2001 + 213);
});

kernelTest(NEEDS, "what found the buffer full is counted", async ({ kernel }) => {
  const args = ["s:write", "--buffer", "4K"];
  const { end, ran } = await calls(kernel, args, writes(50_021));
  expect(end.lost["ringFull"]).toBeGreaterThan(0);
  expect(end.count + (end.lost["ringFull"] ?? 0)).toBe(50_021);
  expect(ran.outcome?.lost).toBe(end.lost["ringFull"]);
});

kernelTest(NEEDS, "bpfkit's own calls are not shown", async ({ kernel }) => {
  const { calls: found } = await calls(kernel, ["s:*access*", "--comm", "node*"], () => {
    for (let i = 0; i < 7; i++) existsSync("/etc");
  });
  expect(found.filter(({ pid }) => pid === process.pid)).toEqual([]);
});

kernelTest(NEEDS, "-p shows the calls of a process, even of bpfkit", async ({ kernel }) => {
  const { calls: found } = await calls(kernel, ["s:*access*", "-p", String(process.pid)], () => {
    for (let i = 0; i < 7; i++) existsSync("/made/up/for/the/test");
  });
  expect(found.filter(({ args }) => args["filename"] === "/made/up/for/the/test")).toHaveLength(7);
});

kernelTest(NEEDS, "tracepoints have their events' fields", async ({ kernel }) => {
  const { calls: found } = await calls(
    kernel,
    ["t:sched:sched_process_exec"],
    ["sh", "-c", "/bin/true; /bin/true; exec /bin/true"],
  );
  expect(found.map(({ comm }) => comm)).toEqual(["sh", "true", "true", "true"]);
  for (const { pid, args } of found) expect(args["pid"] ?? args["old_pid"]).toBe(pid);
});

kernelTest(
  NEEDS,
  "members behind the pointers of a tracepoint, where BTF tells what it has",
  async ({ kernel }) => {
    const args = ["t:sched:sched_process_exec", "--arg", "bprm->file,bprm->filename,p->comm,bprm->argc"];
    const work = ["sh", "-c", "/bin/true 1 2; /bin/true; exec /bin/true 1"];
    const traced = calls(
      kernel,
      [...args, "--filter", "bprm->filename == '/bin/t*' && bprm->argc > 1"],
      work,
    );
    if (mountPoint(readFileSync("/proc/self/mountinfo", "utf8"), "tracefs") !== undefined) {
      // The fields of its format file lead nowhere.
      await expect(traced).rejects.toThrow('"bprm" is no argument of sched:sched_process_exec');
      return;
    }
    const { calls: found } = await traced;
    const file = realpathSync("/bin/true");
    const shown = (argc: number) => ({
      "bprm->file": file,
      "bprm->filename": "/bin/true",
      "p->comm": "true",
      "bprm->argc": argc,
    });
    expect(found.map((call) => call.args)).toEqual([shown(3), shown(2)]);
  },
);
