import type { Architecture } from "./kernels";

/** A folder of the host that the guest can mount by its tag. */
export interface Share {
  readonly tag: string;
  readonly path: string;
  readonly writable?: boolean;
}

export interface Machine {
  readonly architecture: Architecture;
  readonly vmlinuz: string;
  readonly initramfs: string;
  readonly shares: readonly Share[];
  readonly memoryMiB: number;
  /** Where the console goes: a file, or this process's own terminal. */
  readonly console: { readonly file: string } | "terminal";
}

interface Board {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly console: string;
}

const boards: Readonly<Record<Architecture, Board>> = {
  amd64: { program: "qemu-system-x86_64", arguments: ["-cpu", "max"], console: "ttyS0" },
  // Not "max": with it Jest crashed in 7 of 12 starts (QEMU 7.2), with this one in none of 12.
  arm64: {
    program: "qemu-system-aarch64",
    arguments: ["-machine", "virt", "-cpu", "neoverse-n1"],
    console: "ttyAMA0",
  },
};

/** The console's device name in a guest of this architecture. */
export function consoleDevice(architecture: Architecture): string {
  return boards[architecture].console;
}

/** The program and arguments that start the machine. Always software emulation: it works on every host. */
export function qemuCommand(machine: Machine): { program: string; args: string[] } {
  const board = boards[machine.architecture];
  const kernelArguments = `console=${board.console} quiet panic=-1 mitigations=off`;
  return {
    program: board.program,
    args: [
      ...board.arguments,
      // One thread for both processors: with two, a processor may run code that the other one is just patching, as
      // the kernel does when a tracepoint is switched on or off, and the kernel oopses.
      ...["-accel", "tcg,thread=single", "-smp", "2", "-m", String(machine.memoryMiB)],
      ...["-nodefaults", "-display", "none", "-no-reboot"],
      // signal=off: Ctrl-C is a key for the guest.
      ...[
        "-chardev",
        `${machine.console === "terminal" ? "stdio,signal=off" : `file,path=${escaped(machine.console.file)}`},id=console`,
      ],
      ...["-serial", "chardev:console"],
      ...["-kernel", machine.vmlinuz, "-initrd", machine.initramfs, "-append", kernelArguments],
      ...machine.shares.flatMap((share) => ["-virtfs", virtfs(share)]),
    ],
  };
}

function virtfs({ tag, path, writable }: Share): string {
  const access = writable ? "" : ",readonly=on";
  return `local,path=${escaped(path)},mount_tag=${tag},security_model=none,multidevs=remap${access}`;
}

/** In QEMU's option syntax a comma within a value is doubled. */
function escaped(value: string): string {
  return value.replaceAll(",", ",,");
}
