/**
 * Which container a cgroup belongs to, told from its path alone: every runtime writes the container's id into
 * the name of its cgroup, in one of two ways (the systemd driver's scopes, the cgroupfs driver's plain folders).
 */

/** A container as its cgroup names it. */
export interface Container {
  /** 64 hexadecimal digits for most runtimes; the name itself for lxc and systemd machines. */
  readonly id: string;
  readonly runtime: string;
}

/** A container and the cgroup that holds it with everything it started. */
export interface ContainerCgroup extends Container {
  readonly path: string;
}

const HEX = "[0-9a-f]{64}";
/** Matched against one path segment; the first group is the id. Monitors (`libpod-conmon-…`) are left out. */
const SCOPES: readonly (readonly [runtime: string, segment: RegExp])[] = [
  ["docker", new RegExp(`^docker-(${HEX})\\.scope$`)],
  ["containerd", new RegExp(`^(?:cri-containerd|nerdctl|containerd)-(${HEX})\\.scope$`)],
  ["cri-o", new RegExp(`^crio-(${HEX})(?:\\.scope)?$`)],
  ["podman", new RegExp(`^libpod-(${HEX})(?:\\.scope)?$`)],
  ["lxc", /^lxc\.payload\.(.+)$/],
  ["machine", /^machine-(.+)\.scope$/],
  ["machine", /^systemd-nspawn@(.+)\.service$/],
];
/** A segment directly below a folder of this name. */
const FOLDERS: readonly (readonly [runtime: string, parent: RegExp, segment: RegExp])[] = [
  ["docker", /^docker$/, new RegExp(`^(${HEX})$`)],
  ["kubernetes", /^pod[0-9a-f_-]+$/, new RegExp(`^(${HEX})$`)],
  ["lxc", /^lxc$/, /^(.+)$/],
];

/** The innermost container that `path` (a cgroup, "/"-separated) lies in. */
export function containerOf(path: string): Container | undefined {
  const segments = path.split("/");
  for (let at = segments.length - 1; at >= 0; at--) {
    const container = named(segments[at] as string, segments[at - 1] ?? "");
    if (container !== undefined) return container;
  }
  return undefined;
}

/** In place of a container's name where there is none. */
const NO_CONTAINER = "host";

/** What tables call the container of a cgroup: its runtime and the beginning of its id. `path` is undefined if it is gone. */
export function containerName(path: string | undefined, id: bigint): string {
  if (path === undefined) return `(gone, id ${id})`;
  const container = containerOf(path);
  return container === undefined ? NO_CONTAINER : `${container.runtime}:${container.id.slice(0, 12)}`;
}

/** Every container among the cgroups in `paths`, each with the cgroup that is the container itself. */
export function containersIn(paths: Iterable<string>): ContainerCgroup[] {
  const found: ContainerCgroup[] = [];
  for (const path of paths) {
    const segments = path.split("/");
    const container = named(segments.at(-1) ?? "", segments.at(-2) ?? "");
    if (container !== undefined) found.push({ ...container, path });
  }
  return found;
}

function named(segment: string, parent: string): Container | undefined {
  for (const [runtime, pattern] of SCOPES) {
    const id = pattern.exec(segment)?.[1];
    if (id !== undefined) return { id: runtime === "machine" ? unescapeUnit(id) : id, runtime };
  }
  for (const [runtime, folder, pattern] of FOLDERS) {
    const id = folder.test(parent) ? pattern.exec(segment)?.[1] : undefined;
    if (id !== undefined) return { id, runtime };
  }
  return undefined;
}

/** systemd writes bytes a unit name may not hold as `\xNN`. */
function unescapeUnit(name: string): string {
  return Buffer.from(
    name.replace(/\\x([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    "latin1",
  ).toString("utf8");
}
