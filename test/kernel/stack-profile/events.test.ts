/** Stacks at events, counted and weighted. */
import { spawn } from "node:child_process";
import { ATTACHED, bpfkit, bpfkitStarted } from "../../cli/built-bpfkit";
import { kernelTest } from "../kernel-test";
import { countOf, profiled, profileOf, profilesOf, through } from "./profiled";
import { program } from "./programs";

const NEEDS = ["perf-event", "btf", "btf-raw-tracepoint", "ring-buffer"];
const DD = ["dd", "if=/dev/zero", "of=/dev/null", "bs=7", "count=101", "status=none"];

kernelTest(NEEDS, "--on a system call counts each call, by the stack that leads there", async () => {
  const { stacks, lost } = await profiled("--on", "s:write", "--", ...DD);
  expect(countOf(stacks)).toBe(101);
  expect(new Set(stacks.map(({ label }) => label))).toEqual(new Set(["dd"]));
  expect(lost).toMatchObject({ mapFull: 0, stacksFull: 0 });
});

kernelTest(NEEDS, "--weight adds up an argument", async () => {
  const ended = await bpfkit("stack-profile", "--on", "s:write", "--weight", "arg3", "--json", "--", ...DD);
  const { stacks, totals } = profileOf(ended);
  expect(countOf(stacks)).toBe(101);
  expect(totals["totalBytes"]).toBe(7 * 101);
});

kernelTest(NEEDS, "--on a tracepoint, without tracefs", async () => {
  const { stacks } = await profiled(
    ...["--on", "t:sched:sched_process_fork", "-K"],
    ...["--", "sh", "-c", "/bin/true; /bin/true; /bin/true; :"],
  );
  expect(countOf(stacks)).toBe(3);
  expect(countOf(through(stacks, "kernel_clone"))).toBe(3);
  expect(stacks.flatMap(({ names }) => names).filter((name) => /bpf_|__traceiter/.test(name))).toEqual([]);
});

for (const how of ["fp", "dwarf"])
  kernelTest(
    [...NEEDS, "program:gcc"],
    `with --interval there is room again after each report: --unwind ${how}`,
    async () => {
      const child = spawn(program("paths"), { stdio: ["pipe", "ignore", "ignore"] });
      try {
        const args = ["-U", "--on", "s:getppid", "--unwind", how, "--max-stacks", "67", "-i", "200ms"];
        const {
          ended,
          shows,
          child: tracer,
        } = bpfkitStarted(...["stack-profile", "--json", ...args, "-p", String(child.pid)]);
        await shows(ATTACHED);
        // The next ones are asked for when these have been reported: never more at once than there is room for.
        for (let batch = 0; batch < 8; batch++) {
          child.stdin.write("x");
          await shows(`end_${batch}`);
        }
        tracer.kill("SIGINT");
        const reports = profilesOf(await ended);
        const stacks = reports.flatMap((report) => report.stacks);
        expect(countOf(stacks)).toBe(8 * 53);
        expect(new Set(stacks.map(({ names }) => names.join())).size).toBe(8 * 53);
        for (const { lost } of reports) expect(lost).toMatchObject({ stacksFull: 0, mapFull: 0 });
      } finally {
        child.kill("SIGKILL");
      }
    },
  );

kernelTest([...NEEDS, "uprobe", "program:gcc"], "--on a function of a program", async () => {
  const file = program("sleeps");
  const { stacks } = await profiled("--on", `${file}:long_sleep`, "--", file);
  expect(countOf(stacks)).toBe(7);
  expect(countOf(stacks.filter(({ names }) => names.at(-1) === "long_sleep"))).toBe(7);
});
