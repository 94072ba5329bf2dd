import { type ChildProcess, spawn } from "node:child_process";
import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BpfkitError } from "../../src/core/errors";
import { type Arm64Root, arm64Root } from "./arm64-root";
import { type Exchange, follow, readIfThere } from "./exchange";
import { writeInitramfs } from "./initramfs";
import { type KernelImage, kernelImage } from "./kernel-image";
import type { GuestKernel } from "./kernels";
import { projectFolder } from "./project";
import { packProject } from "./project-archive";
import { consoleDevice, qemuCommand, type Share } from "./qemu";

/** The files of a guest, all on this machine. */
export interface PreparedGuest {
  readonly kernel: GuestKernel;
  readonly image: KernelImage;
  /** Absent where the guest lives in the host's own file system. */
  readonly foreign: Arm64Root | undefined;
}

export interface BootOptions {
  readonly guest: PreparedGuest;
  readonly exchange: Exchange;
  readonly memoryMiB: number;
  /** From the start of the machine to its end. */
  readonly timeoutSeconds: number | undefined;
  /** Settings for stty; given, the command has this process's terminal as its own. */
  readonly terminal?: string;
  readonly signal: AbortSignal;
  onStdout?(chunk: Buffer): void;
  onStderr?(chunk: Buffer): void;
}

export interface GuestEnd {
  readonly status: number;
  readonly bootSeconds: number;
  readonly commandSeconds: number;
}

/** The machine ended, or was ended, before its command had a status; carries what its console showed. */
export class GuestError extends BpfkitError {
  static {
    GuestError.prototype.name = "GuestError";
  }
}

const hostNode = realpathSync(process.execPath);
const bootLimitSeconds = 400;
const pollMs = 40;

/** Downloads, or takes from the cache, everything a guest needs. */
export async function prepareGuest(kernel: GuestKernel, log: (line: string) => void): Promise<PreparedGuest> {
  if (process.arch !== "x64") {
    throw new BpfkitError(`guest "${kernel.name}": guests need an x86-64 host, this one is ${process.arch}`);
  }
  const image = await kernelImage(kernel, log);
  return { kernel, image, foreign: kernel.architecture === "amd64" ? undefined : await arm64Root(log) };
}

/** Boots the guest, runs the exchange folder's command, gives its exit status. No QEMU is left behind. */
export async function boot(options: BootOptions): Promise<GuestEnd> {
  const { guest, exchange, signal } = options;
  const { kernel, image } = guest;
  const initramfs = join(exchange.hostFolder, "initramfs");
  const consoleFile = join(exchange.hostFolder, "console");
  await writeInitramfs(initramfs, image, {
    NAME: `guest-${kernel.name.replaceAll(".", "-")}`,
    PROJECT: projectFolder,
    PRELOAD: preloads(guest) ? hostNode : "",
    NOW: String(Math.floor(Date.now() / 1000)),
    TERMINAL: options.terminal ?? "",
    CONSOLE: consoleDevice(kernel.architecture),
  });
  await packProject(join(exchange.folder, "project.tar"), guest.foreign?.overProject);
  const { program, args } = qemuCommand({
    architecture: kernel.architecture,
    vmlinuz: image.vmlinuz,
    initramfs,
    shares: [...rootShares(guest), { tag: "exchange", path: exchange.folder, writable: true }],
    memoryMiB: options.memoryMiB,
    console: options.terminal ? "terminal" : { file: consoleFile },
  });
  signal.throwIfAborted();
  // setpriv lets the kernel end QEMU even when this process is killed without a chance to do so.
  const qemu = spawn("setpriv", ["--pdeathsig", "KILL", "--", program, ...args], {
    stdio: [options.terminal ? "inherit" : "ignore", options.terminal ? "inherit" : "ignore", "pipe"],
  });
  try {
    return await watch(qemu, options, consoleFile);
  } finally {
    await end(qemu);
  }
}

/** Whether the host's node is copied into the guest's memory first. */
function preloads({ kernel, foreign }: PreparedGuest): boolean {
  return kernel.slowPrograms === true && !foreign;
}

function rootShares(guest: PreparedGuest): Share[] {
  const { foreign } = guest;
  if (!foreign) {
    const root = { tag: "root", path: "/" };
    return preloads(guest) ? [root, { tag: "preload", path: dirname(hostNode) }] : [root];
  }
  return [{ tag: "root", path: foreign.root }];
}

async function watch(qemu: ChildProcess, options: BootOptions, consoleFile: string): Promise<GuestEnd> {
  const { exchange, guest, signal, timeoutSeconds } = options;
  const inExchange = (name: string) => join(exchange.folder, name);
  const readers = [
    follow(inExchange("stdout"), (chunk) => options.onStdout?.(chunk)),
    follow(inExchange("stderr"), (chunk) => options.onStderr?.(chunk)),
  ];
  let complaint = "";
  let gone: string | undefined;
  qemu.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-4000);
  });
  qemu.on("error", (error) => {
    gone = error.message;
  });
  qemu.on("exit", (status, killedBy) => {
    gone ??= killedBy ?? `status ${status}`;
  });
  const fail = async (fact: string): Promise<never> => {
    const console = await readIfThere(consoleFile);
    throw new GuestError(
      `guest "${guest.kernel.name}": ${fact}${complaint ? lastLines("QEMU", complaint) : ""}${lastLines("its console", console)}`,
    );
  };

  const begun = Date.now();
  let started: number | undefined;
  for (;;) {
    signal.throwIfAborted();
    // Read before looking for the files: a machine that ends right now has written everything by then.
    const ended = gone;
    if (started === undefined && (await readIfThere(inExchange("started"))) !== undefined)
      started = Date.now();
    const status = await readIfThere(inExchange("status"));
    for (const read of readers) await read();
    const now = Date.now();
    if (status !== undefined) {
      const from = started ?? now;
      return {
        status: Number(status),
        bootSeconds: (from - begun) / 1000,
        commandSeconds: (now - from) / 1000,
      };
    }
    if (ended !== undefined) await fail(`ended without a result (QEMU: ${ended})`);
    const elapsed = (now - begun) / 1000;
    if (timeoutSeconds !== undefined && elapsed > timeoutSeconds)
      await fail(`not done after ${timeoutSeconds} s`);
    if (started === undefined && elapsed > bootLimitSeconds)
      await fail(`not started after ${bootLimitSeconds} s`);
    await sleep(pollMs);
  }
}

async function end(qemu: ChildProcess): Promise<void> {
  if (qemu.pid === undefined || qemu.exitCode !== null || qemu.signalCode !== null) return;
  const exited = new Promise((resolve) => qemu.once("exit", resolve));
  // TERM, so that QEMU puts the terminal back as it was.
  qemu.kill("SIGTERM");
  const late = setTimeout(() => qemu.kill("SIGKILL"), 2000);
  await exited;
  clearTimeout(late);
}

/** The end of a machine's text, ready to be put after a message. */
export function lastLines(title: string, text: string | undefined, count = 60): string {
  // Firmware moves the cursor about; only the text is of interest.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences start with one
  const plain = (text ?? "").replace(/\x1b(\[[0-9;?=]*[A-Za-z]|c)/g, "").replaceAll("\r", "");
  const lines = plain.split("\n").filter((line) => line.trim() !== "");
  if (lines.length === 0) return `\n${title} shows nothing`;
  return `\nlast lines of ${title}:\n${lines
    .slice(-count)
    .map((line) => `  | ${line}`)
    .join("\n")}`;
}
