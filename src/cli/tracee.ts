/**
 * The program after `--`. Everything is attached before it is started, so nothing of it is missed: the kernel side
 * knows bpfkit's child at its fork and counts from its exec. It shares the terminal and the process group with
 * bpfkit, and its rights: under sudo it runs as root, as under strace and perf.
 */
import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";
import type { Tracee } from "../commands/context";
import { BpfkitError, hasCode, messageOf } from "../core/errors";
import { findExecutable } from "./executable";

/** Starts programs: `spawn` of node:child_process, or a test's own. */
export type Spawn = typeof import("node:child_process").spawn;

export class TraceeProcess implements Tracee {
  private readonly file: string;
  private child: ChildProcess | undefined;
  private exitStatus: number | undefined;
  private readonly finished: Promise<void>;
  private finish!: (fault?: unknown) => void;

  /** Throws a UsageError when there is no such program. */
  constructor(
    readonly command: readonly string[],
    path: string,
    private readonly spawn?: Spawn,
  ) {
    this.file = findExecutable(command[0] ?? "", path);
    this.finished = new Promise((resolve, reject) => {
      this.finish = (fault) => (fault === undefined ? resolve() : reject(fault));
    });
    this.finished.catch(() => {});
  }

  start(): number {
    if (this.child !== undefined) throw new ReferenceError("the tracee is started already");
    const spawn = this.spawn ?? (require("node:child_process") as { spawn: Spawn }).spawn;
    const child = spawn(this.file, this.command.slice(1), {
      stdio: "inherit",
      ...(this.command[0] === undefined ? {} : { argv0: this.command[0] }),
    });
    this.child = child;
    child.once("error", (error) => this.finish(startError(this.file, error)));
    child.once("exit", (code, signal) => {
      this.exitStatus = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
      this.finish();
    });
    return child.pid ?? 0;
  }

  /** True from its start to its end. */
  get running(): boolean {
    return this.child?.pid !== undefined && this.exitStatus === undefined;
  }

  /** Its exit code, 128 + n when signal n ended it; undefined before its end. */
  get status(): number | undefined {
    return this.exitStatus;
  }

  /** Fulfilled at its end, rejected when it could not be started. Pending for ever if it never is. */
  get ended(): Promise<void> {
    return this.finished;
  }

  /** Passes a signal on to it. */
  kill(signal: NodeJS.Signals): void {
    if (this.running) this.child?.kill(signal);
  }
}

function startError(file: string, cause: Error): BpfkitError {
  // The file itself was there a moment ago.
  const hint = hasCode(cause, "ENOENT") ? "the interpreter named in its first line is missing" : undefined;
  return new BpfkitError(`start "${file}": ${(cause as NodeJS.ErrnoException).code ?? messageOf(cause)}`, {
    cause,
    hint,
  });
}
