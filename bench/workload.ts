/** The workload of all comparisons: dd moving bytes one at a time, two system calls each. */
import { spawn } from "node:child_process";
import { BpfkitError } from "../src/core/errors";

/** What a run of the workload took, in seconds. */
export interface Times {
  readonly wall: number;
  /** In user and kernel mode. Other programs on the machine disturb it less than the wall time. */
  readonly cpu: number;
}

/** Bytes moved unless a run is to be shorter; dd reads and writes each. */
export const WORKLOAD_BYTES = 2_000_000;

/** What bash's `time` has written with TIMEFORMAT="%R %U %S". */
export function parseTimes(text: string): Times {
  const match = /^(\d+\.\d+) (\d+\.\d+) (\d+\.\d+)$/m.exec(text);
  if (match === null) throw new BpfkitError(`workload: no times in "${text.trim()}"`);
  return { wall: Number(match[1]), cpu: Number(match[2]) + Number(match[3]) };
}

/** Runs the workload once, moving so many bytes. */
export async function runWorkload(bytes: number): Promise<Times> {
  const script = `TIMEFORMAT="%R %U %S"; time dd if=/dev/zero of=/dev/null bs=1 count=${bytes} status=none`;
  const child = spawn("bash", ["-c", script], {
    env: { ...process.env, LC_ALL: "C" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let text = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  return parseTimes(text);
}
