import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { BpfkitError } from "../../src/core/errors";
import type { Architecture } from "./kernels";

const common = [
  ["apt-get", "apt"],
  ["dpkg-deb", "dpkg"],
  ["tar", "tar"],
  ["xz", "xz-utils"],
  ["depmod", "kmod"],
  ["setpriv", "util-linux"],
] as const;

const emulator: Readonly<Record<Architecture, readonly [string, string]>> = {
  amd64: ["qemu-system-x86_64", "qemu-system-x86"],
  arm64: ["qemu-system-aarch64", "qemu-system-arm"],
};

/** Debian packages whose programs these guests need and the host lacks. */
export function missingPackages(
  architectures: readonly Architecture[],
  present: (program: string) => boolean = onPath,
): string[] {
  const needed = [...common, ...new Set(architectures.map((architecture) => emulator[architecture]))];
  return needed.filter(([program]) => !present(program)).map(([, name]) => name);
}

/** Throws, with the line that installs them, when the host lacks a program the guests need. */
export function requireHostTools(architectures: readonly Architecture[]): void {
  const missing = missingPackages(architectures);
  if (missing.length === 0) return;
  throw new BpfkitError(`host tools: not installed: ${missing.join(", ")}`, {
    hint: `apt-get install --no-install-recommends ${missing.join(" ")}`,
  });
}

/** Programs such as depmod lie in sbin, which the PATH of an ordinary user leaves out. */
export const toolPath = [process.env["PATH"] ?? "", "/usr/sbin", "/sbin"].join(delimiter);

function onPath(program: string): boolean {
  return toolPath.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
