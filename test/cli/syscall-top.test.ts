/** How syscall-top ends, and with which status, as each kernel has to let it. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { kernelTest } from "../kernel/kernel-test";
import { until } from "../kernel/syscall-top/workload";
import { ATTACHED, BUILT, bpfkit, bpfkitDuring, bpfkitStarted, documentOf } from "./built-bpfkit";
import { asNobody, nobodyTest } from "./nobody";
import { started } from "./spawned";
import { DD, dd, folder, NEEDS, NODE, STUBBORN, signalled, TOP, TRUE, times } from "./syscall-top-runs";

describe("without rights", () => {
  nobodyTest("ends with 77 and names the capabilities and the remedy", () => {
    const { status, stdout, stderr } = asNobody([TOP, "-d", "1"]);
    expect({ status, stdout }).toEqual({ status: 77, stdout: "" });
    expect(stderr).toMatch(/^bpfkit: .*: EPERM\n/);
    expect(stderr).toContain("CAP_PERFMON and CAP_BPF are missing");
    expect(stderr).toContain("hint: CAP_PERFMON");
    expect(stderr).toContain("sudo ");
    expect(stderr).toContain("setcap cap_bpf,cap_perfmon+ep");
  });
  nobodyTest("-o leaves no file behind", () => {
    const target = join("/tmp", `bpfkit-nobody-${process.pid}.json`);
    expect(asNobody([TOP, "-d", "1", "-o", target]).status).toBe(77);
    expect(readdirSync("/tmp").filter((name) => name.includes(`bpfkit-nobody-${process.pid}`))).toEqual([]);
  });
  nobodyTest("--dump prints the programs", () => {
    const { status, stdout, stderr } = asNobody([TOP, "--dump", "--latency"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("; sys_enter at ");
    expect(stdout).toContain("; sys_exit at ");
  });
  nobodyTest("--list prints the system calls", () => {
    const { status, stdout } = asNobody([TOP, "--list", "--csv"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^abi,nr,syscall\r\n/);
    expect(stdout).toMatch(/\r\n[\w-]+,\d+,openat\r\n/);
  });

  kernelTest(["program:setpriv"], "root without capabilities is told the same", async () => {
    const drop = ["--bounding-set=-all", "--inh-caps=-all", NODE, BUILT, TOP, "-d", "1"];
    const { status, stderr } = spawnSync("setpriv", drop, { encoding: "utf8" });
    expect(status).toBe(77);
    expect(stderr).toContain("CAP_PERFMON and CAP_BPF are missing");
  });
});

describe("its end", () => {
  for (const [signal, second] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    kernelTest(NEEDS, `${signal} ends with the final report and 0`, async () => {
      const { child, ended, shows } = bpfkitStarted(TOP, "--json", "--by", "comm", "--comm", DD);
      await shows(ATTACHED);
      dd(101);
      child.kill(signal);
      const { rows } = documentOf(await ended);
      expect(rows).toMatchObject([{ comm: DD }]);
      expect(Number(rows[0]?.["count"])).toBeGreaterThanOrEqual(202);
    });
    kernelTest(NEEDS, `a second ${signal} ends at once with ${second}`, async () => {
      const run = bpfkitStarted(TOP, "--csv", "--", ...STUBBORN);
      expect((await signalled(run, signal)).code).toBe(second);
    });
  }

  kernelTest(NEEDS, "| head -1 ends it quietly with 0", async () => {
    const line = `"${NODE}" "${BUILT}" ${TOP} -i 100ms --csv; echo "ended with $?" >&2`;
    const { stdout, stderr } = await started("sh", ["-c", `{ ${line}; } | head -1`]).ended;
    expect(stdout).toMatch(/^time,nr,syscall,count,/);
    expect(stderr).toBe("tracing system calls, Ctrl-C to end\nended with 0\n");
  });

  kernelTest(NEEDS, "-d ends it", async () => {
    const { totals } = documentOf(await bpfkit(TOP, "--json", "-d", "50ms"));
    expect(totals).toHaveProperty("count");
  });

  kernelTest(
    [...NEEDS, "program:script"],
    "a terminal that vanishes ends it, and nothing stays attached",
    async () => {
      const own = `echo $$ >"${folder}/pid"; exec "${NODE}" "${BUILT}" ${TOP} --live -i 100ms`;
      const inside = started("script", ["-qec", own, "/dev/null"], { TERM: "xterm", LANG: "C.UTF-8" });
      await inside.shows("SYSCALL");
      const pid = Number(readFileSync(join(folder, "pid"), "utf8"));
      const ids = programIds(pid);
      expect(ids.length).toBeGreaterThan(0);
      inside.child.kill("SIGKILL");
      await inside.ended;
      await until("bpfkit has ended", () => !existsSync(`/proc/${pid}`));
      await until("its programs are gone", () => ids.every((id) => !isLoaded(id)));
    },
  );

  kernelTest(NEEDS, "SIGKILL leaves nothing attached either", async () => {
    const { child, ended, shows } = bpfkitStarted(TOP, "--latency");
    await shows(ATTACHED);
    const ids = programIds(child.pid as number);
    expect(ids.length).toBeGreaterThanOrEqual(2);
    child.kill("SIGKILL");
    expect((await ended).signal).toBe("SIGKILL");
    await until("its programs are gone", () => ids.every((id) => !isLoaded(id)));
  });
});

/** The ids of the programs that a process holds. */
function programIds(pid: number): number[] {
  return readdirSync(`/proc/${pid}/fdinfo`).flatMap((fd) => {
    try {
      const id = /^prog_id:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8"))?.[1];
      return id === undefined ? [] : [Number(id)];
    } catch {
      return [];
    }
  });
}

/** Whether any process still holds the program: nothing is pinned here, so then it is not loaded. */
function isLoaded(id: number): boolean {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => {
      try {
        return programIds(Number(pid)).includes(id);
      } catch {
        return false;
      }
    });
}

describe("losses", () => {
  const lossy = ["--by", "process", "--max-entries", "2", "--json"];
  const work = () => times(7);

  kernelTest(NEEDS, "--fail-on-loss ends with 3, without it with 0", async () => {
    const failing = await bpfkitDuring([TOP, ...lossy, "--comm", TRUE, "--fail-on-loss"], work);
    expect(failing.code).toBe(3);
    expect(JSON.parse(failing.stdout).lost.mapFull).toBeGreaterThan(0);
    const tolerant = await bpfkitDuring([TOP, ...lossy, "--comm", TRUE], work);
    // Not the same number: which calls the loader of a program makes differs from run to run on some machines.
    expect(documentOf(tolerant).lost["mapFull"]).toBeGreaterThan(0);
  });
  kernelTest(NEEDS, "--fail-on-loss ends with 0 when nothing was lost", async () => {
    const { code } = await bpfkitDuring([TOP, "--json", "--comm", TRUE, "--fail-on-loss"], work);
    expect(code).toBe(0);
  });
  kernelTest(NEEDS, "the command's own status comes first", async () => {
    const { code } = await bpfkit(TOP, ...lossy, "--fail-on-loss", "--", "sh", "-c", "true; exit 9");
    expect(code).toBe(9);
  });
});
