/** What syscall-top refuses, what it prints, and where to. */
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv/dist/2020";
import { kernelTest } from "../kernel/kernel-test";
import { until } from "../kernel/syscall-top/workload";
import { root } from "../root";
import { slug, type Variant } from "../unit/commands/syscall-top/shapes";
import { ATTACHED, BUILT, bpfkit, bpfkitDuring, bpfkitStarted, documentOf } from "./built-bpfkit";
import {
  DD,
  dd,
  ddArguments,
  folder,
  NEEDS,
  NODE,
  STUBBORN,
  signalled,
  TOP,
  times,
} from "./syscall-top-runs";

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
  test.each(mistakes)("%s", async (_name, args, stderr) => {
    const ended = await bpfkit(TOP, ...args);
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code: 2, stdout: "" });
    if (typeof stderr === "string") expect(ended.stderr).toBe(stderr);
    else expect(ended.stderr).toMatch(stderr);
  });
});

test("bin/bpfkit.js is there and is the same program", () => {
  const bin = readFileSync(join(root, "bin", "bpfkit.js"), "utf8");
  expect(bin).toContain("dist/src/cli/load");
  expect(bin.startsWith("#!/usr/bin/env node\n")).toBe(true);
});

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

  const variants: readonly (readonly [Variant, readonly string[]])[] = [
    ["counts", []],
    ["counts", ["--by", "comm,cgroup"]],
    ["--latency --errors", ["--latency", "--errors"]],
    ["--in-flight", ["--in-flight"]],
    ["counts", ["--by", "process"]],
    ["counts", ["--by", "thread,syscall"]],
    ["counts", ["--by", "container"]],
    ["counts", ["-x", "--by", "errno"]],
    ["--errors", ["--errors"]],
    ["--latency", ["--latency"]],
  ];
  for (const [variant, args] of variants)
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
