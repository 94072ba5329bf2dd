import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hasCode, NotSupportedError, PermissionError } from "../../core/errors";
import { type Btf, parseBtf } from "./btf";

/** Where the kernel shows its BTF. Since Linux 5.4; modules since 5.11. */
const FOLDER = "/sys/kernel/btf";

/**
 * Held weakly: programs are built from it in one go, and a run of hours need not keep its megabytes. A command that
 * wants it throughout keeps it itself.
 */
const cache = new Map<string, WeakRef<Btf>>();

function load(path: string, base: Btf | undefined): Btf | undefined {
  const known = cache.get(path)?.deref();
  if (known !== undefined) return known;
  let blob: Uint8Array;
  try {
    blob = readFileSync(path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    if (hasCode(error, "EACCES") || hasCode(error, "EPERM"))
      throw new PermissionError(`read "${path}": permission denied`, { cause: error });
    throw error;
  }
  const btf = parseBtf(blob, base);
  cache.set(path, new WeakRef(btf));
  return btf;
}

/** The running kernel's BTF, read once; undefined on a kernel built without. */
export function vmlinuxBtf(folder = FOLDER): Btf | undefined {
  return load(join(folder, "vmlinux"), undefined);
}

/** Like `vmlinuxBtf`, but throws a NotSupportedError on a kernel built without BTF. */
export function requireVmlinuxBtf(folder = FOLDER): Btf {
  const btf = vmlinuxBtf(folder);
  if (btf !== undefined) return btf;
  throw new NotSupportedError("BTF: this kernel does not describe its types", {
    hint: "needs Linux 5.4 or newer built with CONFIG_DEBUG_INFO_BTF=y",
  });
}

/** A loaded module's BTF, split from the kernel's; undefined when the module has none or is not loaded. */
export function moduleBtf(module: string, folder = FOLDER): Btf | undefined {
  if (module === "vmlinux" || module.includes("/")) return undefined;
  const base = vmlinuxBtf(folder);
  // The kernel writes module names with underscores, modprobe takes both spellings.
  return base && load(join(folder, module.replaceAll("-", "_")), base);
}
