/** Functions of the kernel, where it has kprobes or fentry. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kernelTest } from "../kernel-test";
import { countsBy, runCommand } from "../run-command";
import { calls, viaOptions } from "./calls";

const COMMON = ["btf", "ring-buffer", "btf-raw-tracepoint"];
const HOOKS = {
  kprobe: ["kprobe", "kretprobe"],
  "kprobe-multi": ["kprobe-multi", "attach-cookie"],
  fentry: ["fentry", "fexit"],
} as const;
/** What others on the machine have missed is among the missed runs of kprobes. */
const OURS_NOT_LOST = { ringFull: 0, unfollowedCalls: 0 };

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
  const VIA = viaOptions(via);

  kernelTest(NEEDS, `${via}: arguments have the names and types that BTF knows`, async ({ kernel }) => {
    const found = await calls(kernel, [...VIA, "vfs_write"], copies(211));
    expect(found.calls).toHaveLength(211);
    for (const { args, comm } of found.calls) {
      expect(Object.keys(args)).toEqual(["file", "buf", "count", "pos"]);
      expect([comm, args["count"]]).toEqual(["dd", 1]);
      expect(args["file"]).toBe("/dev/null");
    }
    expect(found.end.lost).toMatchObject(OURS_NOT_LOST);
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

  kernelTest(NEEDS, `${via}: members behind pointers, shown and asked for`, async ({ kernel }) => {
    const folder = mkdtempSync(join(tmpdir(), "bpfkit-members-"));
    const file = join(folder, "of 777 bytes");
    writeFileSync(file, Buffer.alloc(777));
    const members = "file->f_inode->i_ino,file->f_inode->i_size,file->f_path.dentry->d_name.name";
    const args = ["vfs_read", "--arg", `file,${members},file->f_path.dentry,count:u64`, "--ret"];
    const filter = [
      "--filter",
      "file->f_inode->i_size == 777 && ret > 0 && file->f_path.dentry->d_name.name == 'of 777*'",
    ];
    const dd = ["dd", `if=${file}`, "of=/dev/null", "bs=111", "status=none"];
    const found = await calls(kernel, [...VIA, ...args, ...filter], dd);
    expect(found.calls.map(({ args: given, result }) => [given, result])).toEqual(
      Array(7).fill([
        {
          file,
          "file->f_inode->i_ino": expect.any(Number),
          "file->f_inode->i_size": 777,
          "file->f_path.dentry->d_name.name": "of 777 bytes",
          // From the root of its file system.
          "file->f_path.dentry": expect.stringMatching(/of 777 bytes$/),
          count: 111,
        },
        111,
      ]),
    );
    const sizes = ["trace-fn", ...VIA, "vfs_read", "--dist", "file->f_inode->i_size"];
    const { rows } = await runCommand(kernel, sizes, dd);
    // The seventh read is followed by one that finds the end.
    expect(rows.find(({ from }) => from === 512)?.["count"]).toBeGreaterThanOrEqual(8);
    rmSync(folder, { recursive: true });
  });

  kernelTest(NEEDS, `${via}: a struct behind a pointer, and strings that decide`, async ({ kernel }) => {
    const missing = "/made/up/for/the/test";
    const args = ["do_sys_openat2", "--arg", "filename,how->flags:x,mode=how->mode"];
    const filter = ["--filter", "filename == '/made/up/*'"];
    const found = await calls(kernel, [...VIA, ...args, ...filter, "-p", String(process.pid)], () => {
      for (let i = 0; i < 11; i++) expect(() => openSync(missing, "r")).toThrow("ENOENT");
    });
    const flags = process.arch === "arm64" ? "0xa0000" : "0x88000";
    expect(found.calls.map((call) => call.args)).toEqual(
      Array(11).fill({ filename: missing, "how->flags": flags, mode: 0 }),
    );
  });

  kernelTest(
    NEEDS,
    `${via}: what BTF does not know is refused, with the nearest name`,
    async ({ kernel }) => {
      const run = (...args: string[]) =>
        runCommand(kernel, ["trace-fn", ...VIA, "vfs_read", ...args], ["true"]);
      await expect(run("--arg", "file->f_inod")).rejects.toMatchObject({
        message: 'arg "file->f_inod": "struct file" has no member "f_inod"',
        hint: 'file->f_inod\n      ^\ndid you mean "f_inode"?',
      });
      await expect(run("--filter", "count > 1 && file->f_inode->i_siz > 4")).rejects.toMatchObject({
        message: 'filter "count > 1 && file->f_inode->i_siz > 4": "struct inode" has no member "i_siz"',
        hint: expect.stringMatching(/\n {28}\^\ndid you mean "i_size"\?$/),
      });
      await expect(run("--filter", "file->f_path > 4")).rejects.toThrow("no number");
    },
  );

  kernelTest(NEEDS, `${via}: --latency and --count agree with the calls`, async ({ kernel }) => {
    for (const mode of ["--count", "--latency"]) {
      const { rows, lost } = await runCommand(
        kernel,
        ["trace-fn", ...VIA, mode, "vfs_write", "vfs_read"],
        copies(1009),
      );
      expect(countsBy(rows, "function")["vfs_write"]).toBe(1009);
      expect(Number(countsBy(rows, "function")["vfs_read"])).toBeGreaterThanOrEqual(1009);
      expect(lost).toMatchObject(OURS_NOT_LOST);
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

kernelTest(KPROBES, "sockets and pipes are shown as /proc shows them", async ({ kernel }) => {
  const server = createServer((socket) => socket.resume());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
  const args = ["vfs_write", "--arg", "file", "--filter", "count == 4099"];
  const written = await calls(kernel, [...args, "-p", String(process.pid)], async () => {
    await new Promise((done) => socket.write(Buffer.alloc(4099), done));
  });
  expect(written.calls.map(({ args: given }) => given["file"])).toEqual([
    readlinkSync(`/proc/self/fd/${fd}`),
  ]);
  socket.destroy();
  server.close();
  // What reads the pipe must not write what it has read.
  const through = ["sh", "-c", "dd if=/dev/zero bs=4099 count=7 2>/dev/null | wc -c"];
  const piped = await calls(kernel, args, through);
  const [pipe] = piped.calls.map(({ args: given }) => given["file"]);
  expect(pipe).toMatch(/^pipe:\[\d+\]$/);
  expect(piped.calls.map(({ args: given }) => given["file"])).toEqual(Array(7).fill(pipe));
});

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
  expect(found.end.lost).toMatchObject(OURS_NOT_LOST);
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
  const shell = await waitingShell(`for i in ${"x ".repeat(13)}; do : </bin/sh; done`);
  const { rows } = await runCommand(
    kernel,
    ["trace-fn", "--count", "overlay:ovl_open", "-p", shell.pid],
    () => shell.go(),
  );
  expect(countsBy(rows, "function")).toEqual({ ovl_open: 13 });
});

kernelTest(KPROBES, "two tracers at once, by the same way and by another", async ({ kernel }) => {
  const shells = [
    await waitingShell(`exec ${copies(53).join(" ")}`),
    await waitingShell(`exec ${copies(59).join(" ")}`),
  ];
  const pids = shells.map(({ pid }) => pid).join();
  const args = ["trace-fn", "--count", "vfs_write", "-p"];
  const inner: unknown[] = [];
  const outer = await runCommand(kernel, [...args, pids], async () => {
    for (const [i, via] of [[], ["--via", "kprobe"]].entries()) {
      const shell = shells[i] as (typeof shells)[0];
      const { rows } = await runCommand(kernel, [...args, shell.pid, ...via], () => shell.go());
      inner.push(countsBy(rows, "function"));
    }
  });
  expect(inner).toEqual([{ vfs_write: 53 }, { vfs_write: 59 }]);
  expect(countsBy(outer.rows, "function")).toEqual({ vfs_write: 112 });
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
  expect(found.end.lost).toMatchObject(OURS_NOT_LOST);
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
    expect(lost).toMatchObject(OURS_NOT_LOST);
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
