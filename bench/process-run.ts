/** How long a program takes, to its end or to a line that it says. */
import { spawn } from "node:child_process";
import { BpfkitError } from "../src/core/errors";

/** Milliseconds from the start of a program to its end. Throws when it fails. */
export function timeToEnd(file: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn(file, args, { stdio: "ignore" });
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      const took = performance.now() - startedAt;
      if (code === 0) resolve(took);
      else reject(new BpfkitError(`it ended with ${signal ?? `status ${code}`}`));
    });
  });
}

/** Milliseconds from the start of a program to this text on its stderr. The program is awaited then. */
export function timeToText(file: string, args: readonly string[], text: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    let took: number | undefined;
    child.on("error", reject);
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      said += chunk;
      if (took === undefined && said.includes(text)) took = performance.now() - startedAt;
    });
    child.on("close", () => {
      if (took !== undefined) resolve(took);
      else reject(new BpfkitError(`it never said "${text}" but "${said.trim()}"`));
    });
  });
}
