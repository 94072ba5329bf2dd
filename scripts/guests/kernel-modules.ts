import { BpfkitError } from "../../src/core/errors";

/** A module's path below lib/modules/VERSION, and the paths of those it depends on. */
export type ModuleDependencies = ReadonlyMap<string, readonly string[]>;

/** Reads modules.dep, which depmod writes: `path: path path …`. */
export function parseModulesDep(text: string): ModuleDependencies {
  const dependencies = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0)
      dependencies.set(
        line.slice(0, colon),
        line
          .slice(colon + 1)
          .split(" ")
          .filter(Boolean),
      );
  }
  return dependencies;
}

/** The name that modprobe knows a module file by: `kernel/fs/9p/9p.ko.xz` is `9p`, `-` and `_` are the same. */
export function moduleName(path: string): string {
  return path
    .replace(/^.*\//, "")
    .replace(/\.ko(\.\w+)?$/, "")
    .replaceAll("-", "_");
}

/**
 * The files to insert for the wanted modules, each after those it depends on, none twice. What is built into the
 * kernel (modules.builtin) needs no file; what is neither there nor a module is an error.
 */
export function insertionOrder(
  wanted: readonly string[],
  dependencies: ModuleDependencies,
  builtin: readonly string[],
): string[] {
  const byName = new Map([...dependencies.keys()].map((path) => [moduleName(path), path]));
  const built = new Set(builtin.map(moduleName));
  const order = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    if (order.has(path)) return;
    if (trail.includes(path)) throw new BpfkitError(`kernel module "${moduleName(path)}": depends on itself`);
    for (const needed of dependencies.get(path) ?? []) visit(needed, [...trail, path]);
    order.add(path);
  };
  for (const name of wanted) {
    const path = byName.get(name);
    if (path !== undefined) visit(path, []);
    else if (!built.has(name)) {
      throw new BpfkitError(`kernel module "${name}": not in this kernel's package`, {
        hint: "the cloud flavour of a kernel lacks it; take the full image",
      });
    }
  }
  return [...order];
}
