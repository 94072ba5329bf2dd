/** The layers of DESIGN.md section 2: imports go down only, and some packages stay where they belong. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { root } from "../root";

const source = join(root, "src");

/** What each folder of src may import, besides itself. */
const below: Readonly<Record<string, readonly string[]>> = {
  core: [],
  asm: ["core"],
  sys: ["core"],
  symbols: ["core"],
  output: ["core"],
  bpf: ["core", "asm", "sys", "symbols", "output"],
  probes: ["core", "asm", "sys", "symbols", "output", "bpf"],
  commands: ["core", "asm", "sys", "symbols", "output", "bpf", "probes"],
  cli: ["core", "asm", "sys", "symbols", "output", "bpf", "probes", "commands"],
};

/** Which folders may import which packages; node's own are free to all. */
const packages: Readonly<Record<string, RegExp>> = {
  koffi: /^sys\/linux\.ts$/,
  chalk: /^output\//,
  "cli-table3": /^output\//,
  commander: /^cli\/command-line\.ts$/,
  "xz-decompress": /^symbols\/elf\/mini-debug-info\.ts$/,
  "pprof-format": /^output\/stacks\/pprof\.ts$/,
  "prom-client": /^commands\/prometheus\.ts$/,
};

interface Import {
  readonly from: string;
  readonly to: string;
  /** It vanishes when compiled. */
  readonly typeOnly: boolean;
  /** Inside of a function, and so not before it is called. */
  readonly lazy: boolean;
}

interface Source {
  readonly path: string;
  readonly code: string;
  readonly imports: readonly Import[];
}

const files: readonly Source[] = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .sort()
  .map((path) => {
    const text = readFileSync(join(source, path), "utf8");
    return { path, code: withoutComments(text), imports: importsOf(path, text) };
  });

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
}

function importsOf(path: string, text: string): Import[] {
  const code = withoutComments(text);
  const found: Import[] = [];
  for (const [, kind, target] of code.matchAll(/^(?:import|export)\s(type\s)?[^;"]*?from\s"([^"]+)"/gm))
    found.push({ from: path, to: target as string, typeOnly: kind !== undefined, lazy: false });
  for (const [, target] of code.matchAll(/\brequire\("([^"]+)"\)/g))
    found.push({ from: path, to: target as string, typeOnly: false, lazy: true });
  for (const [, target] of code.matchAll(/\bimport\("([^"]+)"\)/g))
    found.push({ from: path, to: target as string, typeOnly: true, lazy: true });
  return found;
}

const layerOf = (path: string) => path.split("/")[0] as string;

/** The path below src that an import leads to; undefined for a package. */
function target({ from, to }: Import): string | undefined {
  return to.startsWith(".") ? relative(source, resolve(source, dirname(from), to)) : undefined;
}

const imports = files.flatMap((file) => file.imports);
const show = ({ from, to }: Import) => `${from} imports "${to}"`;

test("there is something to look at", () => {
  expect(files.length).toBeGreaterThan(100);
  expect(imports.length).toBeGreaterThan(files.length);
});

test("every folder of src is a layer", () => {
  const folders = new Set(files.filter(({ path }) => path.includes("/")).map(({ path }) => layerOf(path)));
  expect([...folders].filter((folder) => !(folder in below))).toEqual([]);
});

test("imports go down only", () => {
  const upward = imports.filter((each) => {
    const to = target(each);
    const from = layerOf(each.from);
    // The library's index is above all layers.
    if (to === undefined || !each.from.includes("/")) return false;
    return layerOf(to) !== from && !below[from]?.includes(layerOf(to));
  });
  expect(upward.map(show)).toEqual([]);
});

test("no import leaves src", () => {
  const outside = imports.filter((each) => target(each)?.startsWith(".."));
  expect(outside.map(show)).toEqual([]);
});

test("no command imports another", () => {
  const folderOf = (path: string) => /^commands\/([^/]+)\//.exec(path)?.[1];
  const across = imports.filter((each) => {
    const to = target(each);
    if (to === undefined || folderOf(each.from) === undefined) return false;
    return folderOf(to) !== undefined && folderOf(to) !== folderOf(each.from);
  });
  expect(across.map(show)).toEqual([]);
});

test("what all commands share knows no single one; the list of commands loads each only when asked", () => {
  const known = imports.filter(
    (each) => /^commands\/[^/]+$/.test(each.from) && /^commands\/[^/]+\//.test(target(each) ?? ""),
  );
  expect(known.filter(({ from }) => from !== "commands/index.ts").map(show)).toEqual([]);
});

test.each(Object.entries(packages))("%s is imported only where it belongs", (name, allowed) => {
  const used = imports.filter(({ to }) => to === name);
  expect(used.filter(({ from }) => !allowed.test(from)).map(show)).toEqual([]);
  expect(used.length).toBeGreaterThan(0);
});

test("no other packages are used", () => {
  const others = imports.filter(
    ({ to }) => !to.startsWith(".") && !to.startsWith("node:") && !(to in packages),
  );
  expect(others.map(show)).toEqual([]);
});

test("heavy packages are loaded where they are used, not where a file begins", () => {
  const heavy = imports.filter(({ to }) => ["koffi", "chalk", "cli-table3"].includes(to));
  expect(heavy.filter(({ typeOnly, lazy }) => !typeOnly && !lazy).map(show)).toEqual([]);
  // A require that stands at the beginning of a line is outside of all functions.
  expect(
    files.filter(({ code }) => /^(const|let) [^\n]*require\(/m.test(code)).map(({ path }) => path),
  ).toEqual([]);
});

test("nothing but cli writes to the console or ends the process", () => {
  const loud = files.filter(
    ({ path, code }) =>
      layerOf(path) !== "cli" && /\bconsole\.|\bprocess\.(exit|stdout|stderr|exitCode)\b/.test(code),
  );
  expect(loud.map(({ path }) => path)).toEqual([]);
});

const pure = /^(asm\/|probes\/|commands\/[^/]+\/(probe|report|rows)\.ts$)/;

/** Of node:os the tables of signals and errors are the same on every machine, and nothing else is. */
test("what is pure takes only constants from node:os", () => {
  const asking = files.filter(
    ({ path, code }) =>
      pure.test(path) && /"node:os"/.test(code.replace(/^import \{ constants \} from "node:os";$/gm, "")),
  );
  expect(asking.map(({ path }) => path)).toEqual([]);
});

test("what is pure asks neither the machine nor the kernel", () => {
  const impure = imports.filter(
    ({ from, to, typeOnly }) =>
      pure.test(from) && !typeOnly && /^node:(?!util$|os$)|sys\/(linux|cpus)$|bpf\/kernel$/.test(to),
  );
  expect(impure.map(show)).toEqual([]);
});

test("there is no circle of imports", () => {
  const graph = new Map<string, string[]>();
  for (const each of imports) {
    const to = target(each);
    if (to === undefined || each.typeOnly || each.lazy) continue;
    const file = [`${to}.ts`, `${to}/index.ts`].find((name) => files.some(({ path }) => path === name));
    if (file !== undefined) graph.set(each.from, [...(graph.get(each.from) ?? []), file]);
  }
  const circles: string[] = [];
  const done = new Set<string>();
  const walk = (at: string, path: readonly string[]): void => {
    if (path.includes(at)) {
      circles.push([...path.slice(path.indexOf(at)), at].join(" → "));
      return;
    }
    if (done.has(at)) return;
    for (const next of graph.get(at) ?? []) walk(next, [...path, at]);
    done.add(at);
  };
  for (const { path } of files) walk(path, []);
  expect(circles).toEqual([]);
});
