import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BpfkitError } from "../../src/core/errors";
import { cached } from "./cache";
import { openRepository } from "./debian-packages";
import { hostCommand } from "./host-command";
import { toolPath } from "./host-tools";
import { insertionOrder, parseModulesDep } from "./kernel-modules";
import type { GuestKernel } from "./kernels";
import { unpackDeb, unpackModule } from "./unpack";

/** What it takes to start a kernel: files in the cache. */
export interface KernelImage {
  readonly vmlinuz: string;
  readonly busybox: string;
  /** Module files, in the order of insertion. */
  readonly modules: readonly string[];
}

/** Enough to reach the host's files: the PCI transport, 9p over it, and the file system that makes them writable. */
const wantedModules = ["virtio_pci", "9pnet_virtio", "9p", "overlay"];

/** The kernel, its modules and a static busybox, from the cache or downloaded. */
export async function kernelImage(kernel: GuestKernel, log: (line: string) => void): Promise<KernelImage> {
  const { suite, architecture, metapackage } = kernel;
  const folder = await cached({
    name: `kernel-${kernel.name}`,
    recipe: { suite, architecture, metapackage, wantedModules, layout: 1 },
    build: (target) => build(kernel, target, log),
    log,
  });
  const order = (await readFile(join(folder, "modules.order"), "utf8")).split("\n").filter(Boolean);
  return {
    vmlinuz: join(folder, "vmlinuz"),
    busybox: join(folder, "busybox"),
    modules: order.map((name) => join(folder, "modules", name)),
  };
}

async function build(kernel: GuestKernel, target: string, log: (line: string) => void): Promise<void> {
  const { suite, architecture, metapackage } = kernel;
  const scratch = join(target, "scratch");
  const tree = join(scratch, "tree");
  await mkdir(tree, { recursive: true });

  const apt = { folder: join(scratch, "apt"), suite, architecture, log };
  const repository = await openRepository(apt);
  const image = await imagePackage(metapackage, await repository.dependencies(metapackage), async (name) =>
    repository.dependencies(name),
  );
  const debs = await repository.download([image]);
  // Backports hold changed packages only, so busybox always comes from the release itself.
  const release = suite.replace(/-backports$/, "");
  const base =
    release === suite
      ? repository
      : await openRepository({ ...apt, folder: join(scratch, "base"), suite: release });
  debs.push(...(await base.download(["busybox-static"])));

  log("unpacking");
  for (const deb of debs) await unpackDeb(deb, tree);
  const modulesRoot = await firstThatExists([
    join(tree, "lib", "modules"),
    join(tree, "usr", "lib", "modules"),
  ]);
  const version = (await readdir(modulesRoot))[0]!;
  await copyFile(join(tree, "boot", `vmlinuz-${version}`), join(target, "vmlinuz"));
  await copyFile(join(tree, "boot", `config-${version}`), join(target, "config"));
  await copyFile(
    await firstThatExists([join(tree, "bin", "busybox"), join(tree, "usr", "bin", "busybox")]),
    join(target, "busybox"),
  );
  await takeModules(tree, join(modulesRoot, version), version, target);
  await writeFile(join(target, "packages"), `${debs.map((deb) => deb.replace(/^.*\//, "")).join("\n")}\n`);
  await rm(scratch, { recursive: true, force: true });
}

/** The package with the image itself; a suite may put a second metapackage (linux-image-6.12-amd64) in between. */
async function imagePackage(
  metapackage: string,
  names: readonly string[],
  dependencies: (name: string) => Promise<string[]>,
): Promise<string> {
  const name = names.find((candidate) => candidate.startsWith("linux-image-"));
  if (!name) throw new BpfkitError(`package "${metapackage}": depends on no kernel image`);
  const further = (await dependencies(name)).filter((candidate) => candidate.startsWith("linux-image-"));
  return further.length > 0 ? imagePackage(name, further, dependencies) : name;
}

async function takeModules(tree: string, folder: string, version: string, target: string): Promise<void> {
  await hostCommand("depmod", ["-b", tree, version], { env: { ...process.env, PATH: toolPath } });
  const order = insertionOrder(
    wantedModules,
    parseModulesDep(await readFile(join(folder, "modules.dep"), "utf8")),
    (await readFile(join(folder, "modules.builtin"), "utf8")).split("\n").filter(Boolean),
  );
  await mkdir(join(target, "modules"));
  const names: string[] = [];
  for (const path of order) names.push(await unpackModule(join(folder, path), join(target, "modules")));
  await writeFile(join(target, "modules.order"), `${names.join("\n")}\n`);
}

async function firstThatExists(paths: readonly string[]): Promise<string> {
  for (const path of paths) {
    if (
      await readdir(path).then(
        () => true,
        (error: NodeJS.ErrnoException) => error.code === "ENOTDIR",
      )
    )
      return path;
  }
  throw new BpfkitError(`unpacked package: has none of ${paths.join(", ")}`);
}
