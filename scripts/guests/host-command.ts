import { spawn } from "node:child_process";
import { BpfkitError } from "../../src/core/errors";

export interface HostCommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

/** Runs a program of the host to its end; gives its stdout. A non-zero status is an error that quotes its last lines. */
export function hostCommand(
  command: string,
  args: readonly string[],
  options: HostCommandOptions = {},
): Promise<Buffer> {
  const { promise, resolve, reject } = withResolvers<Buffer>();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    signal: options.signal,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const out: Buffer[] = [];
  let complaint = "";
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-4000);
  });
  child.on("error", (cause) => reject(new BpfkitError(`run "${command}": ${cause.message}`, { cause })));
  child.on("close", (status, killedBy) => {
    if (status === 0) return resolve(Buffer.concat(out));
    const lines = complaint.trim().split("\n").slice(-6).join("\n");
    reject(
      new BpfkitError(`run "${command} ${args.join(" ")}": ${killedBy ?? `status ${status}`}\n${lines}`),
    );
  });
  return promise;
}

function withResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
