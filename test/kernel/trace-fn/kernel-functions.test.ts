/** Functions of the kernel, where it has kprobes or fentry. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { kernelTest } from "../kernel-test";
import { countsBy, runCommand } from "../run-command";
import { calls, NOTHING_LOST } from "./calls";

const COMMON = ["btf", "ring-buffer", "btf-raw-tracepoint"];
const HOOKS = {
  kprobe: ["kprobe", "kretprobe"],
  "kprobe-multi": ["kprobe-multi", "attach-cookie"],
  fentry: ["fentry", "fexit"],
} as const;
/** So many writes of one byte to /dev/null, from as many reads of /dev/zero. */
const copies = (count: number) => [
  "dd",
  "if=/dev/zero",
  "of=/dev/null",
  "bs=1",
  `count=${count}`,
  "status=none",
];

for (const [via, hooks] of Object.entries(HOOKS)) {
  const NEEDS = [...COMMON, ...hooks];
  const VIA = ["--via", via];

  kernelTest(NEEDS, `${via}: arguments have the names and types that BTF knows`, async ({ kernel }) => {
    const found = await calls(kernel, [...VIA, "vfs_write"], copies(211));
    expect(found.calls).toHaveLength(211);
    for (const { args, comm } of found.calls) {
      expect(Object.keys(args)).toEqual(["file", "buf", "count", "pos"]);
      expect([comm, args["count"]]).toEqual(["dd", 1]);
      expect(args["file"]).toMatch(/^0xff[0-9a-f]{14}$/);
    }
    expect(found.end.lost).toEqual(NOTHING_LOST);
  });

  kernelTest(NEEDS, `${via}: results and durations`, async ({ kernel }) => {
    const found = await calls(kernel, [...VIA, "vfs_write", "--ret"], copies(101));
    expect(found.calls.map(({ result }) => result)).toEqual(Array(101).fill(1));
    for (const { durationNs } of found.calls) expect(durationNs).toBeGreaterThan(0);
  });

  kernelTest(NEEDS, `${via}: errors by name, and strings of user memory`, async ({ kernel }) => {
    const missing = "/made/up/for/the/test";
    const found = await calls(kernel, [...VIA, "do_sys_openat2", "--ret", "-p", String(process.pid)], () => {
      for (let i = 0; i < 13; i++) expect(() => openSync(missing, "r")).toThrow("ENOENT");
    });
    const failed = found.calls.filter(({ args }) => args["filename"] === missing);
    expect(failed).toHaveLength(13);
    for (const { result, errno } of failed) expect([result, errno]).toEqual([-2, "ENOENT"]);
  });

  kernelTest(NEEDS, `${via}: --latency and --count agree with the calls`, async ({ kernel }) => {
    for (const mode of ["--count", "--latency"]) {
      const { rows, lost } = await runCommand(
        kernel,
        ["trace-fn", ...VIA, mode, "vfs_write", "vfs_read"],
        copies(1009),
      );
      expect(countsBy(rows, "function")["vfs_write"]).toBe(1009);
      expect(Number(countsBy(rows, "function")["vfs_read"])).toBeGreaterThanOrEqual(1009);
      expect(lost).toEqual(NOTHING_LOST);
    }
  });

  kernelTest(
    NEEDS,
    `${via}: a pattern leaves out what cannot be traced, and traces the rest`,
    async ({ kernel }) => {
      const { rows } = await runCommand(kernel, ["trace-fn", ...VIA, "--count", "vfs_w*"], copies(307));
      expect(countsBy(rows, "function")).toMatchObject({ vfs_write: 307 });
    },
  );

  kernelTest(NEEDS, `${via}: r: shows the return alone`, async ({ kernel }) => {
    const found = await calls(kernel, [...VIA, "r:vfs_write"], copies(17));
    expect(found.calls.map(({ args, result }) => [args, result])).toEqual(Array(17).fill([{}, 1]));
  });
}

const KPROBES = [...COMMON, "kprobe", "kretprobe"];

kernelTest(KPROBES, "connections over loopback", async ({ kernel }) => {
  const server = createServer((socket) => socket.end());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const found = await calls(kernel, ["tcp_connect", "--ret", "-p", String(process.pid)], async () => {
    for (let i = 0; i < 7; i++) {
      const socket = connect(port, "127.0.0.1");
      socket.resume();
      await once(socket, "close");
    }
  });
  server.close();
  expect(found.calls.map(({ function: name, result }) => [name, result])).toEqual(
    Array(7).fill(["tcp_connect", 0]),
  );
  expect(found.end.lost).toEqual(NOTHING_LOST);
});

/** A shell that does this when it gets a line, and has said that it waits. */
async function waitingShell(script: string) {
  const shell = spawn("sh", ["-c", `echo waits; read line; ${script}`], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(shell.stdout, "data");
  return {
    pid: String(shell.pid),
    async go() {
      const ended = once(shell, "exit");
      shell.stdin.end("\n");
      await ended;
    },
  };
}

// The guests' root is an overlay; without BTF of modules nobody knows whether it is a module.
kernelTest([...KPROBES, "module-btf", "module:overlay"], "a module's function", async ({ kernel }) => {
  const shell = await waitingShell(`for i in ${"x ".repeat(13)}; do : </etc/passwd; done`);
  const { rows } = await runCommand(
    kernel,
    ["trace-fn", "--count", "overlay:ovl_open", "-p", shell.pid],
    () => shell.go(),
  );
  expect(countsBy(rows, "function")).toEqual({ ovl_open: 13 });
});

kernelTest(KPROBES, "two tracers at once, by the same way and by another", async ({ kernel }) => {
  const args = ["trace-fn", "--count", "vfs_write", "--comm", "dd"];
  const counted: unknown[] = [];
  await runCommand(kernel, args, async () => {
    for (const via of [[], ["--via", "kprobe"]]) {
      const { rows } = await runCommand(kernel, [...args, ...via], copies(53));
      counted.push(countsBy(rows, "function"));
    }
  }).then(({ rows }) => counted.push(countsBy(rows, "function")));
  expect(counted).toEqual([{ vfs_write: 53 }, { vfs_write: 53 }, { vfs_write: 106 }]);
});

/** More calls at once than the kernel keeps room for: ten, or twice the processors (kernel/kprobes.c). */
const SLEEPERS = 61;

kernelTest(
  [...KPROBES, "attach-cookie", "kprobe-multi"],
  "returns that the kernel had no room to follow are counted as missed",
  async ({ kernel }) => {
    const sleepers = `for i in $(seq ${SLEEPERS}); do sleep 5 & done; wait`;
    const args = ["trace-fn", "--via", "kprobe", "--latency", "hrtimer_nanosleep"];
    const { rows, lost } = await runCommand(kernel, args, ["sh", "-c", sleepers]);
    const counted = Number(countsBy(rows, "function")["hrtimer_nanosleep"] ?? 0);
    // What others on the machine missed is among it.
    expect(counted + Number(lost["missedRuns"])).toBeGreaterThanOrEqual(SLEEPERS);
    expect(lost["missedRuns"]).toBeGreaterThan(0);
  },
);

kernelTest(KPROBES, "a process that is killed while it is traced", async ({ kernel }) => {
  const shell = await waitingShell(`${copies(53).join(" ")}; echo again; kill -KILL $$`);
  const found = await calls(kernel, ["vfs_write", "--ret", "-p", shell.pid], () => shell.go());
  expect(found.calls.map(({ result }) => result)).toEqual([6]);
  expect(found.end.lost).toEqual(NOTHING_LOST);
});

kernelTest(
  [...KPROBES, "kprobe-multi", "attach-cookie"],
  "many at once, each with its own count",
  async ({ kernel }) => {
    const { rows, totals, lost } = await runCommand(kernel, ["trace-fn", "--latency", "vfs_*"], copies(211));
    expect(Number(totals["functions"])).toBeGreaterThan(50);
    const counts = countsBy(
      rows.filter((row) => row["function"] === "vfs_write" || row["function"] === "vfs_read"),
      "function",
    );
    expect(counts["vfs_write"]).toBe(211);
    // The program's own libraries are read too.
    expect(Number(counts["vfs_read"])).toBeGreaterThanOrEqual(211);
    expect(lost).toEqual(NOTHING_LOST);
  },
);

kernelTest(
  [...COMMON, "kprobe"],
  "a function that is not there is refused, with the nearest name",
  async ({ kernel }) => {
    await expect(runCommand(kernel, ["trace-fn", "vfs_raed"], ["true"])).rejects.toMatchObject({
      message: 'target "vfs_raed": matches no function of the kernel',
      hint: 'vfs_raed\n^\ndid you mean "vfs_read"?',
    });
  },
);
