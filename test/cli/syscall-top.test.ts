import { spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Ajv from "ajv/dist/2020";
import { kernelTest } from "../kernel/kernel-test";
import { until } from "../kernel/syscall-top/workload";
import { root } from "../root";
import { slug, type Variant } from "../unit/commands/syscall-top/shapes";
import { ATTACHED, BUILT, bpfkit, bpfkitDuring, bpfkitStarted, documentOf } from "./built-bpfkit";
import { asNobody, nobodyTest } from "./nobody";
import { type Ended, type Running, started } from "./spawned";

const NEEDS = ["raw-tracepoint", "btf-raw-tracepoint"];
const TOP = "syscall-top";
const NODE = process.execPath;
/** Starting bpfkit takes an emulated machine seconds. */
const inGuest = process.env["BPFKIT_GUEST"] !== undefined;

const folder = mkdtempSync(join(tmpdir(), "bpfkit-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ddArguments = (count: number) => [
  "if=/dev/zero",
  "of=/dev/null",
  "bs=1",
  `count=${count}`,
  "status=none",
];

/** dd and true under names of their own: others on this machine may run them too. */
const DD = `bk-dd-${process.pid}`.slice(0, 15);
const TRUE = `bk-t-${process.pid}`.slice(0, 15);

function own(name: string, comm: string): string {
  const path = join(folder, comm);
  const program = (process.env["PATH"] ?? "")
    .split(":")
    .map((at) => join(at, name))
    .find(existsSync);
  if (!existsSync(path)) symlinkSync(program ?? name, path);
  return path;
}

/** Makes `count` calls of write(2), and as many of read(2) and a few more. */
const dd = (count: number) => spawnSync(own("dd", DD), ddArguments(count));
const times = (count: number) => {
  for (let i = 0; i < count; i++) spawnSync(own("true", TRUE));
};

/** A command that no signal ends, but the end of bpfkit does. */
const STUBBORN = [
  "sh",
  "-c",
  'trap "" INT TERM; echo up; while kill -0 $PPID; do sleep 0.1; done 2>/dev/null',
];

/** Sends the signal until it ends: those sent before the first was taken count as one. */
async function signalled({ child, ended, shows }: Running, signal: NodeJS.Signals): Promise<Ended> {
  await shows("up");
  const timer = setInterval(() => child.kill(signal), 50);
  try {
    return await ended;
  } finally {
    clearInterval(timer);
  }
}

describe("refused with 2, before anything is attached", () => {
  const mistakes: readonly (readonly [string, readonly string[], string | RegExp])[] = [
    ["a process that does not exist", ["-p", "4194305"], "bpfkit: pid: no process 4194305\n"],
    [
      "a column that does not exist",
      ["-s", "cuont"],
      /^bpfkit: sort: "cuont" is none of count, .*\nhint: did you mean "count"\?\n$/,
    ],
    [
      "a column of another table",
      ["-s", "p99"],
      'bpfkit: sort: this table has no column "p99"\nhint: it has count, nr, syscall\n',
    ],
    ["a system call that does not exist", ["--syscall", "opennat"], /opennat.*\nhint: .*openat/s],
    [
      "an error that does not exist",
      ["--errno", "ENOENTT"],
      /^bpfkit: errno: no error "ENOENTT"\nhint: .*ENOENT/,
    ],
    ["a grouping that does not exist", ["--by", "proces"], /did you mean "process"\?/],
    ["a user that does not exist", ["-u", "no-such-user-here"], /uid: no user "no-such-user-here"/],
    [
      "a map that does not go with the grouping",
      ["--map", "array", "--by", "process"],
      /"array" does not go with/,
    ],
    ["no interval at all", ["-i", "0"], /^bpfkit: interval "0": must be more than zero\n/],
    ["contradicting options", ["--in-flight", "--latency"], /^bpfkit: in-flight: /],
    ["an output file that cannot be made", ["-o", "/no/such/folder/x.json"], /^bpfkit: output ".*": /],
  ];
  // No kernel has a say in these: in an emulated one a few will do.
  test.each(inGuest ? mistakes.slice(0, 3) : mistakes)("%s", async (_name, args, stderr) => {
    const ended = await bpfkit(TOP, ...args);
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code: 2, stdout: "" });
    if (typeof stderr === "string") expect(ended.stderr).toBe(stderr);
    else expect(ended.stderr).toMatch(stderr);
  });
});

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

test("bin/bpfkit.js is there and is the same program", () => {
  const bin = readFileSync(join(root, "bin", "bpfkit.js"), "utf8");
  expect(bin).toContain("dist/src/cli/load");
  expect(bin.startsWith("#!/usr/bin/env node\n")).toBe(true);
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

describe("formats", () => {
  const schema = JSON.parse(readFileSync(join(root, "docs/schema/syscall-top.json"), "utf8"));
  const ajv = new Ajv({ strictRequired: false });
  ajv.addSchema(schema, TOP);

  function expectValid(definition: string, value: unknown): void {
    const validate = ajv.getSchema(`${TOP}#/$defs/${definition}`);
    if (validate === undefined) throw new Error(`no schema "${definition}"`);
    validate(value);
    expect(validate.errors ?? []).toEqual([]);
  }

  const everywhere: readonly (readonly [Variant, readonly string[]])[] = [
    ["counts", []],
    ["counts", ["--by", "comm,cgroup"]],
    ["--latency --errors", ["--latency", "--errors"]],
    ["--in-flight", ["--in-flight"]],
  ];
  const more: typeof everywhere = [
    ["counts", ["--by", "process"]],
    ["counts", ["--by", "thread,syscall"]],
    ["counts", ["--by", "container"]],
    ["counts", ["-x", "--by", "errno"]],
    ["--errors", ["--errors"]],
    ["--latency", ["--latency"]],
  ];
  for (const [variant, args] of inGuest ? everywhere : [...everywhere, ...more])
    kernelTest(NEEDS, `JSON and NDJSON against the schema: ${args.join(" ") || "counts"}`, async () => {
      const [json, ndjson] = await Promise.all([
        bpfkitDuring([TOP, "--json", "-n", "0", ...args], () => times(3)),
        bpfkitDuring([TOP, "-f", "ndjson", "-n", "0", ...args], () => times(3)),
      ]);
      const document = documentOf(json);
      expectValid(slug(variant), document);
      if (variant !== "--in-flight") expect(document.rows.length).toBeGreaterThan(0);
      expect(ndjson.code).toBe(0);
      for (const line of ndjson.stdout.trimEnd().split("\n"))
        if (line !== "") expectValid(`${slug(variant)}Line`, JSON.parse(line));
    });

  test("--list as JSON against the schema", async () => {
    expectValid(slug("--list"), JSON.parse((await bpfkit(TOP, "--list", "--json")).stdout));
  });

  kernelTest(NEEDS, "CSV read back has the numbers of the JSON", async () => {
    const path = join(folder, "dd");
    const args = [TOP, "--by", "comm,syscall", "--syscall", "write", "-q"];
    const csv = await bpfkit(...args, "--csv", "-o", `${path}.csv`, "--", "dd", ...ddArguments(1009));
    expect(csv).toMatchObject({ code: 0, stdout: "", stderr: "" });
    const [header, row, ...rest] = readFileSync(`${path}.csv`, "utf8").split("\r\n");
    expect(header).toBe("nr,syscall,count,share,ratePerSecond".replace(/^/, "comm,"));
    expect(row?.split(",").filter((_, at) => at === 0 || at === 2 || at === 3)).toEqual([
      "dd",
      "write",
      "1009",
    ]);
    expect(rest).toEqual([""]);
  });

  kernelTest(NEEDS, "a table has a header, totals and losses", async () => {
    const { code, stdout } = await bpfkit(TOP, "-q", "--syscall", "write", "--", "dd", ...ddArguments(1009));
    expect(code).toBe(0);
    expect(stdout).toMatch(/NR +SYSCALL +COUNT +SHARE % +RATE/);
    expect(stdout).toMatch(/write +1009 +100/);
    expect(stdout).toContain("Total: 1009 calls.");
    expect(stdout).toContain("Lost: nothing.");
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  kernelTest(NEEDS, "-i gives a report per interval, each with its own counts", async () => {
    const { child, ended, shows } = bpfkitStarted(TOP, "-i", "200ms", "-f", "json", "--comm", DD);
    await shows(ATTACHED);
    let lines = 0;
    child.stdout?.on("data", (text: string) => {
      lines += text.split("\n").length - 1;
    });
    dd(101);
    await until("three reports are there", () => lines >= 3);
    child.kill("SIGTERM");
    const { code, stdout } = await ended;
    expect(code).toBe(0);
    const documents = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    for (const document of documents) expectValid("counts", document);
    const writes = documents.flatMap(({ rows }) =>
      rows
        .filter((row: { syscall: string }) => row.syscall === "write")
        .map((row: { count: number }) => row.count),
    );
    expect(writes.reduce((sum, count) => sum + count, 0)).toBe(101);
    documents.slice(1).forEach((document, at) => {
      expect(document.startedAt).toBe(documents[at].endedAt);
    });
  });
});

describe("-o", () => {
  const leftovers = () => readdirSync(folder).filter((name) => name.includes("whole"));

  kernelTest(NEEDS, "the old file is there until the new one is whole", async () => {
    const path = join(folder, "whole.json");
    writeFileSync(path, "old");
    const { child, ended, shows } = bpfkitStarted(TOP, "-o", path);
    await shows(ATTACHED);
    expect(readFileSync(path, "utf8")).toBe("old");
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ code: 0, stdout: "" });
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ tool: "bpfkit", command: TOP });
    expect(leftovers()).toEqual(["whole.json"]);
    rmSync(path);
  });

  kernelTest(NEEDS, "an aborted run leaves nothing", async () => {
    const run = bpfkitStarted(TOP, "-o", join(folder, "whole.csv"), "-i", "50ms", "--", ...STUBBORN);
    expect((await signalled(run, "SIGINT")).code).toBe(130);
    expect(leftovers()).toEqual([]);
  });

  kernelTest(NEEDS, "a device that is full: 1, and said so", async () => {
    const { code, stdout, stderr } = await bpfkit(TOP, "-q", "--json", "-d", "20ms", "-o", "/dev/full");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^bpfkit: .*\/dev\/full.*\n$/);
  });

  kernelTest(NEEDS, "stdout that is full: 1", async () => {
    const full = openSync("/dev/full", "w");
    const { status } = spawnSync(NODE, [BUILT, TOP, "-q", "--json", "-d", "20ms"], {
      stdio: ["ignore", full, "pipe"],
    });
    closeSync(full);
    expect(status).toBe(1);
  });

  kernelTest(
    [...NEEDS, "program:unshare"],
    "a full disk: 1, the old file stays, no part of the new one",
    async () => {
      const disk = join(folder, "disk");
      const script = [
        'mkdir "$0" && mount -t tmpfs -o size=8k tmpfs "$0" && echo old >"$0/x.json" || exit 99',
        `"$1" "$2" ${TOP} -q -n 0 --json -o "$0/x.json" --list`,
        'echo "$?"; cat "$0/x.json"; ls -A "$0"',
      ].join("\n");
      const { stdout, stderr } = spawnSync("unshare", ["-m", "sh", "-c", script, disk, NODE, BUILT], {
        encoding: "utf8",
      });
      expect(stdout).toBe("1\nold\nx.json\n");
      expect(stderr).toMatch(/^bpfkit: .*x\.json/);
    },
  );
});

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
