/** Everything a command's `run` gets from outside: it reads nothing else, so tests can play all of it. */
import type { KernelFacts } from "../bpf/facts";
import type { Kernel } from "../bpf/kernel";
import type { Output } from "../output/output";
import type { Machine } from "./machine";

export interface Context {
  /** The kernel, opened at the first call: koffi is loaded then and not before. */
  kernel(): Kernel;
  /** What is known of the kernel; without rights and without koffi, so `--dump` can have it. */
  facts(): KernelFacts;
  /** Takes the reports, in the format and at the place the user asked for. */
  readonly output: Output;
  /** Writes text, or its bytes, that is no report to the same place: a listing, or a format that only this command has. */
  print(text: string | Uint8Array): Promise<void>;
  /** The chosen format: one of those in the command's `outputOptions`, or "table". */
  readonly format: string;
  /** Aborted by Ctrl-C, SIGTERM, a closed pipe or the end of the tracee: report what there is and return. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly machine: Machine;
  /** The program after `--`. Attach everything, then start it. */
  readonly tracee: Tracee | undefined;
  /** A line on stderr for the user, such as what is being traced and how to stop it; `-q` drops it. */
  notice(text: string): void;
  /** A line on stderr that only `-v` shows: what is attached, and how. */
  detail(text: string): void;
  readonly verbosity: Verbosity;
  /** The live screen, where there is one. */
  readonly screen?: LiveScreen | undefined;
  /** bpfkit's own process id: no command counts itself. */
  readonly pid: number;
  readonly version: string;
}

/** A letter, or the name of a key that is none: "up", "down", "enter", "escape", "other". */
export type Key = string;

/** What a command may do with a live screen besides reporting. */
export interface LiveScreen {
  /** Hands over each key that is pressed, until the end of the run. Ctrl-C is not among them. */
  onKey(listener: (key: Key) => void): void;
  bell(): void;
  /** Processor time that bpfkit itself has taken so far. */
  ownCpuNs(): number;
}

/** −1 with `-q`, 1 with `-v`, 2 with `-vv`. */
export type Verbosity = -1 | 0 | 1 | 2;

export interface Clock {
  /** The time of day. */
  now(): Date;
  /** CLOCK_MONOTONIC, the clock of `bpf_ktime_get_ns()`. */
  monotonicNs(): bigint;
  /** Returns when `ns` have passed, or as soon as `signal` is aborted; it never throws for that. */
  sleep(ns: number, signal: AbortSignal): Promise<void>;
}

/** A program that bpfkit starts in order to trace it. Its end aborts the run; its status is bpfkit's status. */
export interface Tracee {
  /** Its name and arguments, as typed. */
  readonly command: readonly string[];
  /** Starts it and returns its process id. */
  start(): number;
}
