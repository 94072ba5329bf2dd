/** How long a large profile takes to be put together and written, and how much memory. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type ProfileFormat, profileFormats } from "../src/output/stacks/formats";
import type { Bench, Benchmark } from "./benchmark";
import type { Bound } from "./bound";
import { measureInTurn } from "./rounds";
import { median } from "./statistics";
import { textTable } from "./text-table";
import { benchScript } from "./this-build";

const ROUNDS = 3;
/** Issue 7: a million samples in 50,000 distinct stacks of depth 40. The first shares callers, the second nothing. */
const SHAPES = ["calls", "chance"] as const;
const LIMIT_S = 3;
const LIMIT_MB = 400;

interface Written {
  readonly seconds: number;
  readonly peakMb: number;
  readonly fileMb: number;
}

async function writeProfile(format: ProfileFormat, shape: string): Promise<Written> {
  const folder = mkdtempSync(join(tmpdir(), "bpfkit-bench-"));
  try {
    const file = join(folder, "profile");
    const args = [benchScript("write-profile"), format, shape, file];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const [ms, peakMb] = stdout.trim().split(" ").map(Number) as [number, number];
    return { seconds: ms / 1000, peakMb, fileMb: statSync(file).size / 1024 ** 2 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function run(bench: Bench): Promise<readonly Bound[]> {
  const contenders = profileFormats.flatMap((format) =>
    (format === "folded" ? SHAPES : [SHAPES[0]]).map((shape) => ({
      name: `${format}, ${shape}`,
      measure: () => writeProfile(format, shape),
    })),
  );
  const samples = await measureInTurn(contenders, bench.rounds ?? ROUNDS, bench);
  const middle = (name: string, figure: keyof Written) => {
    const taken = samples.get(name);
    return taken === undefined ? undefined : median(taken.map((each) => each[figure]));
  };
  const rows = [...samples.keys()].map((name) => [
    name,
    ...(["seconds", "peakMb", "fileMb"] as const).map((figure) => (middle(name, figure) ?? 0).toFixed(1)),
  ]);
  bench.say(textTable(["1,000,000 samples, 50,000 stacks of 40 frames", "s", "peak MB", "file MB"], rows));
  return SHAPES.flatMap((shape): Bound[] => [
    {
      what: `to folded stacks, callers by ${shape}`,
      limit: LIMIT_S * 1000,
      measured: thousandfold(middle(`folded, ${shape}`, "seconds")),
      unit: "ms",
    },
    {
      what: `peak of memory meanwhile, callers by ${shape}`,
      limit: LIMIT_MB,
      measured: middle(`folded, ${shape}`, "peakMb"),
      unit: "MB",
    },
  ]);
}

function thousandfold(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}

export const profileOutput: Benchmark = {
  name: "profile-output",
  summary: "a million samples put together and written in every format",
  run,
};
