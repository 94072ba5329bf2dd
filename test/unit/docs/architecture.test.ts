/** The sources keep to the layers that docs/architecture.md shows. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { root } from "../../root";
import { page, section, tableRows } from "./pages";

const sources = join(root, "src");
const text = page("docs/architecture.md");
const layers = new Map(
  tableRows(section(text, "## Layers"))
    .slice(1)
    .map(([layer = "", below = ""]) => [
      layer.replaceAll("`", "").replace("src/", ""),
      below.split(", ").filter((name) => name !== ""),
    ]),
);

interface Import {
  readonly from: string;
  readonly to: string;
}

/** Every import and require of a file below src, by paths from there. */
const imports: readonly Import[] = readdirSync(sources, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .flatMap((from) => {
    const code = readFileSync(join(sources, from), "utf8");
    const targets = [...code.matchAll(/(?:\bfrom |\bimport |\b(?:import|require)\()"([^"]+)"/g)];
    return targets.map(([, target = ""]) => ({
      from,
      to: target.startsWith(".") ? relative(sources, resolve(sources, dirname(from), target)) : target,
    }));
  });
const own = imports.filter(({ to }) => existsSync(join(sources, to.split("/")[0] ?? "")));

function layerOf(path: string): string {
  return path.split("/")[0] as string;
}

/** The folder of the command that a file belongs to. */
function commandOf(path: string): string | undefined {
  return /^commands\/([^/]+)\//.exec(path)?.[1];
}

describe("layers", () => {
  test("the page has every folder", () => {
    const folders = readdirSync(sources, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect([...layers.keys()].sort()).toEqual(folders.map(({ name }) => name).sort());
  });

  test("a layer may import what those below it may, so there is no way up", () => {
    for (const below of layers.values())
      for (const name of below) expect(below).toEqual(expect.arrayContaining(layers.get(name) as string[]));
    for (const [name, below] of layers) expect(below).not.toContain(name);
  });

  test("imports go down", () => {
    const up = own.filter(({ from, to }) => {
      const [above, below] = [layerOf(from), layerOf(to)];
      // The library's own entry belongs to no layer.
      return layers.has(above) && above !== below && layers.get(above)?.includes(below) !== true;
    });
    expect(up).toEqual([]);
    expect(own.length).toBeGreaterThan(100);
  });

  test("commands do not import each other", () => {
    const across = own.filter(({ from, to }) => {
      const [one, other] = [commandOf(from), commandOf(to)];
      return one !== undefined && other !== undefined && one !== other;
    });
    expect(across).toEqual([]);
  });

  test("one file imports koffi", () => {
    expect([...new Set(imports.filter(({ to }) => to === "koffi").map(({ from }) => from))]).toEqual([
      "sys/linux.ts",
    ]);
  });

  test("every file that the page names exists", () => {
    const named = [
      ...text.matchAll(/`((?:src|test|cli|commands|probes|core|bpf|sys|symbols|output)\/[\w/.-]+)`/g),
    ];
    const missing = named.filter(
      ([, path = ""]) =>
        !path.includes("NAME") && ![root, sources].some((top) => existsSync(join(top, path))),
    );
    expect(missing.map(([, path]) => path)).toEqual([]);
    expect(named.length).toBeGreaterThan(20);
  });
});
