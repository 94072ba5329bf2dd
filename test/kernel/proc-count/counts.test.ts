import { chmodSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { keptArgsSize } from "../../../src/commands/proc-count/layout";
import { scratchFolder } from "../../run-folder";
import { kernelTest } from "../kernel-test";
import { rounds } from "../rounds";
import { counted, countsBy, rowOf } from "./counted";
import { finished, loop } from "./processes";
import { program } from "./programs";

const NEEDS = ["btf-raw-tracepoint"];
const COMPILED = [...NEEDS, "program:gcc"];
const NOTHING_LOST = { mapFull: 0, tasksFull: 0, evicted: 0, missedRuns: 0 };

for (const map of ["hash", "percpu", "lru"])
  kernelTest(NEEDS, `--map ${map} counts each execution exactly`, async ({ kernel }) => {
    const trues = rounds(211, 23);
    const script = `${loop(trues, "/bin/true")}; ${loop(23, "/bin/false")}; ${loop(3, "/bin/echo >/dev/null")}`;
    const { rows, lost, totals, outcome } = await counted(
      kernel,
      ["--map", map, "-n", "0"],
      ["sh", "-c", script],
    );
    expect(countsBy(rows, "comm")).toEqual({ true: trues, false: 23, echo: 3, sh: 1 });
    expect(lost).toEqual(NOTHING_LOST);
    expect(totals["count"]).toBe(trues + 27);
    expect(outcome).toEqual({ lost: 0 });
  });

for (const map of ["hash", "percpu"])
  kernelTest(
    COMPILED,
    `--map ${map} counts a storm from parallel shells to the last one`,
    async ({ kernel }) => {
      const each = rounds(14_293, 31);
      const one = `(${loop(each, program("nothing"))}) &`;
      const { rows, lost } = await counted(kernel, ["--map", map], ["sh", "-c", `${one.repeat(7)} wait`]);
      expect(rowOf(rows, "comm", "nothing")["count"]).toBe(7 * each);
      expect(lost).toEqual(NOTHING_LOST);
    },
  );

describe("ways to execute", () => {
  kernelTest(COMPILED, "vfork; failed attempts do not count", async ({ kernel }) => {
    const vforker = program("vforker");
    const { rows } = await counted(kernel, [], [vforker, "17", "/bin/true"]);
    expect(countsBy(rows, "comm")).toEqual({ true: 17, vforker: 1 });
  });
  kernelTest(COMPILED, "fexecve", async ({ kernel }) => {
    const fexecer = program("fexecer");
    const { rows } = await counted(kernel, ["--by", "exe"], [fexecer, "13", "/bin/true"]);
    expect(rowOf(rows, "exe", realpathSync("/bin/true"))["count"]).toBe(13);
  });
  kernelTest(COMPILED, "a thread that is not the first", async ({ kernel }) => {
    const threader = program("threader");
    const { rows } = await counted(kernel, ["--cost"], [threader, "/bin/true"]);
    expect(countsBy(rows, "comm")).toEqual({ threader: 1, true: 1 });
    expect(rowOf(rows, "comm", "true")).toMatchObject({ exits: 1, failed: 0, killed: 0, running: 0 });
    expect(rowOf(rows, "comm", "threader")).toMatchObject({ exits: 0, running: 0 });
  });
  kernelTest(COMPILED, "a script counts as itself", async ({ kernel }) => {
    const script = join(scratchFolder(), "script-é\x1b[1m");
    writeFileSync(script, "#!/bin/sh\nexit 0\n");
    chmodSync(script, 0o755);
    const { rows } = await counted(kernel, ["--by", "comm,exe"], ["sh", "-c", loop(5, `'${script}'`)]);
    expect(rowOf(rows, "comm", "script-é\x1b[1m")).toMatchObject({ count: 5, exe: realpathSync("/bin/sh") });
  });
});

describe("--by", () => {
  const script = `${loop(7, "/bin/true")}; sh -c '${loop(5, "/bin/true")}'`;
  kernelTest(NEEDS, "pid gives each process with its last name", async ({ kernel }) => {
    const { rows } = await counted(
      kernel,
      ["--by", "pid", "-n", "0"],
      ["sh", "-c", "exec sh -c 'exec sleep 0'"],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ comm: "sleep", count: 3 });
  });
  kernelTest(NEEDS, "parent tells who started it", async ({ kernel }) => {
    const { rows } = await counted(kernel, ["--by", "parent,comm"], ["sh", "-c", script]);
    const trues = rows.filter((row) => row["comm"] === "true");
    expect(trues.map((row) => [row["parent"], row["count"]])).toEqual([["sh", 12]]);
  });
  kernelTest(NEEDS, "exe names the file, however it was called", async ({ kernel }) => {
    const { rows } = await counted(
      kernel,
      ["--by", "exe"],
      ["sh", "-c", "cd /bin; ./true; /usr/bin/../bin/true"],
    );
    expect(rowOf(rows, "exe", realpathSync("/bin/true"))["count"]).toBe(2);
  });
  kernelTest(NEEDS, "uid", async ({ kernel }) => {
    const { rows } = await counted(kernel, ["--by", "uid"], ["/bin/true"]);
    expect(rows).toMatchObject([{ uid: process.getuid?.(), count: 1 }]);
  });
  kernelTest(
    [...NEEDS, "program:unshare"],
    "pid counts inside of another PID namespace",
    async ({ kernel }) => {
      const command = ["unshare", "-pf", "sh", "-c", loop(11, "/bin/true")];
      const { rows } = await counted(kernel, ["-n", "0"], command);
      expect(rowOf(rows, "comm", "true")["count"]).toBe(11);
    },
  );
});

describe("arguments", () => {
  const argsOf = async (
    kernel: Parameters<typeof counted>[0],
    words: readonly string[],
    ...more: string[]
  ) => {
    const { rows } = await counted(kernel, ["--by", "args", ...more], words);
    return rows[0];
  };
  kernelTest(
    NEEDS,
    "blanks, newlines, empty ones, UTF-8 and escapes stay as they are",
    async ({ kernel }) => {
      const words = ["/bin/true", "a b", "", "c\nd", "é漢", "\x1b[31m'\""];
      expect(await argsOf(kernel, words)).toMatchObject({ args: words, argsCut: false, count: 1 });
    },
  );
  kernelTest(NEEDS, "10,000 of them fill what there is room for, and say so", async ({ kernel }) => {
    const words = ["/bin/true", ...Array.from({ length: 10_000 }, (_, i) => String(i))];
    const row = await argsOf(kernel, words);
    // Before Linux 5.11 a key has no room for so much.
    const kept = keptArgsSize({ by: ["args"], argsSize: 4096 }, kernel.facts);
    const bytes = Buffer.from(`${words.join("\0")}\0`).subarray(0, kept);
    expect(row).toMatchObject({ args: bytes.toString().split("\0"), argsCut: true });
  });
  kernelTest(COMPILED, "none at all", async ({ kernel }) => {
    const { rows } = await counted(kernel, ["--by", "comm,args"], [program("bare"), "/bin/true"]);
    const { args, ...row } = rowOf(rows, "comm", "true");
    // Linux 5.18 began to add an empty one, and older ones in maintenance took that over (do_execveat_common, fs/exec.c).
    expect([[], [""]]).toContainEqual(args);
    expect(row).toMatchObject({ argsCut: false, count: 1 });
  });
  kernelTest(NEEDS, "what fits exactly is not cut", async ({ kernel }) => {
    const exact = ["/bin/true", "x".repeat(64 - "/bin/true".length - 2)];
    expect(await argsOf(kernel, exact, "--args-size", "64")).toMatchObject({ args: exact, argsCut: false });
    const longer = ["/bin/true", `${exact[1]}y`];
    expect(await argsOf(kernel, longer, "--args-size", "64")).toMatchObject({ args: longer, argsCut: true });
  });
});

describe("maps that are too small", () => {
  const work = ["sh", "-c", Array.from({ length: 13 }, (_, i) => `/bin/echo ${i} >/dev/null`).join(";")];
  kernelTest(NEEDS, "a full hash map counts what it could not keep", async ({ kernel }) => {
    const { totals, lost } = await counted(kernel, ["--by", "args", "--max-entries", "5"], work);
    expect(totals["count"]).toBe(5);
    expect(lost).toMatchObject({ mapFull: 9, evicted: 0 });
  });
  kernelTest(NEEDS, "what an LRU map evicted is missing and counted", async ({ kernel }) => {
    const { totals, lost } = await counted(
      kernel,
      ["--by", "pid", "--map", "lru", "--max-entries", "4"],
      work,
    );
    expect(Number(totals["count"]) + Number(lost["evicted"])).toBe(14);
    expect(totals["evicted"]).toBe("exact");
  });
});

/** Bytes that the maps of this process take. */
function mapMemory(): number {
  const infos = readdirSync("/proc/self/fdinfo").flatMap((fd) => {
    try {
      return [readFileSync(`/proc/self/fdinfo/${fd}`, "utf8")];
    } catch {
      return []; // the directory's own
    }
  });
  return infos
    .filter((info) => info.includes("map_type:"))
    .reduce((sum, info) => sum + Number(/^memlock:\s*(\d+)$/m.exec(info)?.[1]), 0);
}

describe("--max-entries bounds the memory, however many processes come", () => {
  for (const args of [[], ["--map", "percpu"], ["--map", "lru"], ["--cost"]])
    kernelTest(COMPILED, ["--by", "pid", ...args].join(" "), async ({ kernel }) => {
      const memory: number[] = [];
      const storm = program("storm");
      const nothing = program("nothing");
      const work = async () => {
        for (const each of [rounds(101, 37), rounds(1009, 41)]) {
          await finished([storm, "3", String(each), nothing]);
          memory.push(mapMemory());
        }
      };
      const { rows } = await counted(
        kernel,
        ["--by", "pid", "--max-entries", "101", "-n", "0", ...args],
        work,
      );
      expect(rows.length).toBeLessThanOrEqual(101);
      expect(memory[0]).toBeGreaterThan(0);
      expect(memory[1]).toBe(memory[0]);
    });
});
