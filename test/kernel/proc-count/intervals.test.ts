import { setTimeout as sleep } from "node:timers/promises";
import type { CapturedOutput } from "../../../src/output/capture";
import { kernelTest } from "../kernel-test";
import { rounds } from "../rounds";
import { counted } from "./counted";
import { finished, loop } from "./processes";
import { program } from "./programs";

const NEEDS = ["btf-raw-tracepoint"];
const COMPILED = [...NEEDS, "program:gcc"];

/** The executions of all reports together. */
const sumOf = ({ reports }: CapturedOutput) =>
  reports.reduce((sum, { totals }) => sum + Number(totals["count"]), 0);

for (const [map, ...more] of [
  ["hash"],
  ["percpu"],
  ["lru"],
  ["hash", "--reset"],
  ["percpu", "--reset"],
  ["lru", "--reset"],
])
  kernelTest(
    COMPILED,
    `--map ${[map, ...more].join(" ")}: reports add up to all there was, however often one reads`,
    async ({ kernel }) => {
      const each = rounds(1009, 23);
      const one = `(${loop(each, program("nothing"))}) &`;
      const { output } = await counted(
        kernel,
        ["--map", map!, "-i", "10ms", ...more],
        ["sh", "-c", `${one.repeat(3)} wait`],
      );
      expect(sumOf(output)).toBe(3 * each + 1);
      expect(output.reports.length).toBeGreaterThan(1);
      for (const { lost } of output.reports)
        expect(lost).toEqual({ mapFull: 0, tasksFull: 0, evicted: 0, missedRuns: 0 });
    },
  );

kernelTest(COMPILED, "--reset makes room: an interval needs entries for itself only", async ({ kernel }) => {
  const args = ["--by", "pid", "--comm", "nothing", "--max-entries", "23", "-i", "20ms"];
  const nothing = program("nothing");
  const thrice = async (output: CapturedOutput) => {
    for (let i = 0; i < 3; i++) {
      const before = output.reports.length;
      while (output.reports.length === before) await sleep(5);
      await finished(["sh", "-c", loop(11, nothing)]);
      // What came until now is in the next report or in the one after it.
      const after = output.reports.length;
      while (output.reports.length < after + 2) await sleep(5);
    }
  };
  const { output, lost } = await counted(kernel, [...args, "--reset"], thrice);
  expect(sumOf(output)).toBe(33);
  expect(lost).toMatchObject({ mapFull: 0 });
});

kernelTest(COMPILED, "--reset with a map that evicts: what is missing is counted", async ({ kernel }) => {
  const args = ["--by", "pid", "--map", "lru", "--max-entries", "4", "-i", "20ms", "--reset"];
  const { output } = await counted(kernel, args, ["sh", "-c", loop(53, program("nothing"))]);
  const evicted = output.reports.reduce((sum, { lost }) => sum + Number(lost["evicted"]), 0);
  expect(evicted).toBeGreaterThan(0);
  expect(sumOf(output) + evicted).toBe(54);
});

kernelTest(COMPILED, "processes that are gone make room without --reset too", async ({ kernel }) => {
  const args = ["--by", "pid,args", "--comm", "nothing", "--max-entries", "23", "-i", "20ms"];
  const nothing = program("nothing");
  const { output } = await counted(kernel, args, async ({ reports }) => {
    for (let i = 0; i < 4; i++) {
      // A word that is no UTF-8: the entry must be found again all the same.
      await finished(["sh", "-c", loop(11, `${nothing} "$(printf '\\377')"`)]);
      const after = reports.length;
      while (reports.length < after + 3) await sleep(5);
    }
  });
  expect(sumOf(output)).toBe(44);
});
