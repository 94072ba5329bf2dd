/** What `npm pack` makes of this build. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { started } from "../../cli/spawned";
import { root } from "../../root";
import { compileExamples, type PackedPackage, packedPackage } from "./installed-package";

let packed: PackedPackage;
beforeAll(() => {
  packed = packedPackage();
});
afterAll(() => packed?.installed[Symbol.dispose]());

const ALLOWED =
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|bin\/bpfkit\.js|docs\/.*|dist\/bpfkit\.js|dist\/src\/.*\.(js|d\.ts))$/;

function below(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

test("it holds nothing but what is needed", () => {
  expect(packed.files.map(({ path }) => path).filter((path) => !ALLOWED.test(path))).toEqual([]);
});

test("it holds all that is needed", () => {
  const paths = new Set(packed.files.map(({ path }) => path));
  const compiled = below(join(__dirname, "..", "..", "..", "src")).filter((path) => !path.endsWith(".map"));
  const needed = [
    ...["package.json", "README.md", "LICENSE", "bin/bpfkit.js", "dist/bpfkit.js"],
    ...compiled.map((path) => `dist/src/${path}`),
    ...below(join(root, "docs")).map((path) => `docs/${path}`),
  ];
  expect(compiled.length).toBeGreaterThan(300);
  expect(needed.filter((path) => !paths.has(path))).toEqual([]);
});

test("the command may be executed", () => {
  const bin = packed.files.find(({ path }) => path === "bin/bpfkit.js");
  expect((bin?.mode ?? 0) & 0o111).toBe(0o111);
});

test("bpfkit --version runs from an empty folder", async () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const { folder } = packed.installed;
  const { code, stdout } = await started(join(folder, "node_modules", ".bin", "bpfkit"), ["--version"]).ended;
  expect([code, stdout.trim()]).toEqual([0, `bpfkit ${version}`]);
});

test.each(["commonjs", "module"] as const)("the examples compile against its types as %s", (format) => {
  const folder = compileExamples(packed.installed, format);
  const names = (ending: string) =>
    readdirSync(folder)
      .filter((name) => name.endsWith(ending))
      .map((name) => name.slice(0, -ending.length));
  expect(names(".ts").length).toBeGreaterThan(2);
  expect(names(".js")).toEqual(names(".ts"));
  const loads = format === "module" ? /^import \{[^}]*\} from "bpfkit";$/m : /require\("bpfkit"\)/;
  for (const name of names(".js")) expect(readFileSync(join(folder, `${name}.js`), "utf8")).toMatch(loads);
});
