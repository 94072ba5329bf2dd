/** Functions of the kernel, where it has kprobes or fentry. */
import { openSync } from "node:fs";
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
