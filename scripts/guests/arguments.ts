import { UsageError } from "../../src/core/errors";
import { type GuestKernel, kernelByName, kernels } from "./kernels";

/** What both entry points understand before the "--". */
export interface GuestOptions {
  readonly timeoutSeconds: number | undefined;
  readonly memoryMiB: number;
  readonly verbose: boolean;
}

export interface TestArguments extends GuestOptions {
  readonly kernels: readonly GuestKernel[];
  readonly jobs: number;
  /** Handed to Jest as it is: a path pattern, `-t name`, … */
  readonly filter: readonly string[];
}

export interface RunArguments extends GuestOptions {
  readonly kernel: GuestKernel;
  /** Empty: an interactive shell. */
  readonly command: readonly string[];
}

const numbers: Readonly<Record<string, "timeoutSeconds" | "memoryMiB" | "jobs">> = {
  "--timeout": "timeoutSeconds",
  "--memory": "memoryMiB",
  "--jobs": "jobs",
};

/** `[KERNEL…] [--jobs N] [--timeout SECONDS] [--memory MIB] [--verbose] [-- TEST-FILTER]` */
export function parseTestArguments(args: readonly string[]): TestArguments {
  const { names, rest, options } = split(args);
  return {
    kernels: names.length === 0 ? kernels : [...new Set(names)].map(kernelByName),
    filter: rest,
    jobs: options.jobs ?? 2,
    timeoutSeconds: options.timeoutSeconds,
    memoryMiB: options.memoryMiB ?? 2048,
    verbose: options.verbose,
  };
}

/** `KERNEL [--timeout SECONDS] [--memory MIB] [--verbose] [-- COMMAND ARG…]` */
export function parseRunArguments(args: readonly string[]): RunArguments {
  const { names, rest, options } = split(args);
  if (names.length > 1) throw new UsageError(`"${names[1]}": the command goes after "--"`);
  if (options.jobs !== undefined) throw new UsageError(`option "--jobs": only for the tests`);
  if (names.length === 0)
    throw new UsageError(`kernel missing: one of ${kernels.map((k) => k.name).join(", ")}`);
  return {
    kernel: kernelByName(names[0]!),
    command: rest,
    timeoutSeconds: options.timeoutSeconds,
    memoryMiB: options.memoryMiB ?? 2048,
    verbose: options.verbose,
  };
}

function split(args: readonly string[]) {
  const end = args.indexOf("--");
  const own = end < 0 ? args : args.slice(0, end);
  const names: string[] = [];
  const options: { timeoutSeconds?: number; memoryMiB?: number; jobs?: number; verbose: boolean } = {
    verbose: false,
  };
  for (let at = 0; at < own.length; at++) {
    const word = own[at]!;
    const number = numbers[word];
    if (number) options[number] = positive(word, own[++at]);
    else if (word === "--verbose" || word === "-v") options.verbose = true;
    else if (word.startsWith("-")) throw new UsageError(`option "${word}": unknown`);
    else names.push(word);
  }
  return { names, options, rest: end < 0 ? [] : args.slice(end + 1) };
}

function positive(option: string, text: string | undefined): number {
  const value = Number(text);
  if (!text || !Number.isInteger(value) || value < 1) {
    throw new UsageError(`option "${option}": "${text ?? ""}" is not a whole number above 0`);
  }
  return value;
}
