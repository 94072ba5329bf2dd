import { UsageError } from "../../src/core/errors";

export type Architecture = "amd64" | "arm64";

/** A kernel that a guest can boot: where Debian has it, and the processor it is for. */
export interface GuestKernel {
  readonly name: string;
  readonly architecture: Architecture;
  /** The Debian suite, as in a line of sources.list. */
  readonly suite: string;
  /** The package that depends on the newest image. Not the "cloud" flavour: that one has no 9p. */
  readonly metapackage: string;
  /** Its 9p fetches a program page by page when it is started: node is better copied into memory first. */
  readonly slowPrograms?: true;
  /** The guest that has the same kernel for another processor. */
  readonly twin?: string;
}

/** Every guest, oldest kernel first. */
export const kernels: readonly GuestKernel[] = [
  {
    name: "5.10",
    architecture: "amd64",
    suite: "bullseye",
    metapackage: "linux-image-amd64",
    slowPrograms: true,
  },
  {
    name: "6.1",
    architecture: "amd64",
    suite: "bookworm",
    metapackage: "linux-image-amd64",
    slowPrograms: true,
    twin: "6.1-arm64",
  },
  { name: "6.12", architecture: "amd64", suite: "bookworm-backports", metapackage: "linux-image-amd64" },
  { name: "6.1-arm64", architecture: "arm64", suite: "bookworm", metapackage: "linux-image-arm64" },
];

/** The kernel with this name; an unknown name is a usage error that lists the known ones. */
export function kernelByName(name: string): GuestKernel {
  const kernel = kernels.find((candidate) => candidate.name === name);
  if (kernel) return kernel;
  const known = kernels.map((candidate) => candidate.name).join(", ");
  throw new UsageError(`kernel "${name}": not one of ${known}`);
}

/** The architecture's name as people write it. */
export const architectureTitle: Readonly<Record<Architecture, string>> = { amd64: "x86-64", arm64: "arm64" };
