/** A tracer that is known to be attached while it is measured. */
import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { BpfkitError } from "../src/core/errors";
import { openLinux } from "../src/sys/linux";
import type { Syscalls } from "../src/sys/syscalls";
import { attachedPrograms, type ProgramRuns, programRuns } from "./attached-programs";

/** How a tracer is started and read. */
export interface Tracer {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** How many programs it has attached when it is ready. */
  readonly programs: number;
  /** The reads and writes in what it printed; absent for one that counts nothing. */
  readonly counted?: (stdout: string) => number;
}

const START_LIMIT_MS = 30_000;
/** What a tracer does right after attaching, such as printing its headline, shall not fall into the measurement. */
const SETTLE_MS = 200;

let edge: Syscalls | undefined;

/** The process of a tracer. */
export class RunningTracer {
  private stdout = "";
  private stderr = "";
  private ended = false;
  private readonly end: Promise<void>;

  private constructor(
    readonly tracer: Tracer,
    private readonly child: ChildProcess,
  ) {
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    // Left behind, it would slow down every system call of the machine.
    const abandon = () => child.kill("SIGKILL");
    process.on("exit", abandon);
    this.end = new Promise((resolve) => {
      const over = () => {
        this.ended = true;
        process.off("exit", abandon);
        resolve();
      };
      child.on("error", (error) => {
        this.stderr += error.message;
        over();
      });
      child.on("close", over);
    });
  }

  /** Starts a tracer and waits until all its programs are attached. */
  static async start(tracer: Tracer): Promise<RunningTracer> {
    const [file, ...args] = tracer.command;
    const running = new RunningTracer(tracer, spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] }));
    const limit = Date.now() + START_LIMIT_MS;
    while (running.attached() < tracer.programs) {
      if (running.ended) throw running.fault("ended before it was attached");
      if (Date.now() > limit) {
        await running.kill();
        throw running.fault("is not attached in time");
      }
      await sleep(10);
    }
    await sleep(SETTLE_MS);
    return running;
  }

  /** How many programs it has attached. */
  attached(): number {
    if (this.ended) return 0;
    edge ??= openLinux();
    try {
      return attachedPrograms(edge, this.pid).size;
    } catch {
      return 0; // gone between two looks
    }
  }

  /** What the kernel counts of its programs while statistics are on. */
  runs(): Map<number, ProgramRuns> {
    return programRuns(this.pid);
  }

  /** Ends it as Ctrl-C does and returns what it counted; throws if it was not attached any more. */
  async stop(): Promise<number | undefined> {
    const attached = this.attached();
    if (attached < this.tracer.programs) {
      await this.kill();
      throw this.fault(`had ${attached} of ${this.tracer.programs} programs attached at the end`);
    }
    this.child.kill("SIGINT");
    await this.end;
    return this.tracer.counted?.(this.stdout);
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.end;
  }

  /** Its process id. */
  get pid(): number {
    return this.child.pid as number;
  }

  private fault(fact: string): BpfkitError {
    const said = this.stderr.trim().split("\n").slice(-3).join(" | ");
    return new BpfkitError(`${this.tracer.name}: ${fact}${said === "" ? "" : ` (${said})`}`);
  }
}
