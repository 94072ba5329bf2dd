/** `bpfkit` as CommonJS and as ESM see it. */
import { execFileSync } from "node:child_process";
import { publicSurface } from "../../../scripts/public-api";
import { type Installation, linkedPackage } from "./installed-package";

let installed: Installation;
beforeAll(() => {
  installed = linkedPackage();
});
afterAll(() => installed[Symbol.dispose]());

function run(file: string, text: string): unknown {
  const path = installed.write(file, text);
  return JSON.parse(execFileSync(process.execPath, [path], { encoding: "utf8" }));
}

const values = publicSurface()
  .exported.filter(({ typeOnly }) => !typeOnly)
  .map(({ name }) => name);

test("require gives every value of the public API, and nothing else", () => {
  const names = run("all.cjs", 'console.log(JSON.stringify(Object.keys(require("bpfkit"))))');
  expect((names as string[]).sort()).toEqual(values);
});

test("import knows each of them by name", () => {
  const names = run(
    "all.mjs",
    `import { ${values.join(", ")} } from "bpfkit";
     console.log(JSON.stringify(Object.entries({ ${values.join(", ")} }).filter(([, v]) => v !== undefined).map(([n]) => n)));`,
  );
  expect(names).toEqual(values);
});

test("both are one library: its classes are the same", () => {
  const same = run(
    "same.mjs",
    `import { createRequire } from "node:module";
     import { Session, r0 } from "bpfkit";
     const required = createRequire(import.meta.url)("bpfkit");
     console.log(JSON.stringify([required.Session === Session, required.r0 === r0]));`,
  );
  expect(same).toEqual([true, true]);
});

test("nothing inside of the package is a way in, except package.json", () => {
  const codes = run(
    "inside.cjs",
    `const codeOf = (name) => { try { require(name); return "loaded"; } catch ({ code }) { return code; } };
     console.log(JSON.stringify(["bpfkit/dist/src/cli/main", "bpfkit/bin/bpfkit.js", "bpfkit/package.json"].map(codeOf)));`,
  );
  expect(codes).toEqual(["ERR_PACKAGE_PATH_NOT_EXPORTED", "ERR_PACKAGE_PATH_NOT_EXPORTED", "loaded"]);
});

/** What is loaded after `text`: the packages, and the folders of src. */
function loadedAfter(text: string): { packages: string[]; layers: string[] } {
  const files = run(
    "loaded.cjs",
    `${text}; console.log(JSON.stringify(Object.keys(require.cache)));`,
  ) as string[];
  const found = (pattern: RegExp) =>
    [...new Set(files.flatMap((file) => pattern.exec(file)?.[1] ?? []))].sort();
  return {
    packages: found(/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/).filter(
      (name) => name !== "bpfkit",
    ),
    layers: found(/\/src\/([a-z]+)\//),
  };
}

test("importing loads no package and no command", () => {
  expect(loadedAfter('require("bpfkit")')).toEqual({
    packages: [],
    layers: ["asm", "bpf", "core", "symbols", "sys"],
  });
});

test("opening the kernel loads koffi and nothing else", () => {
  const { packages } = loadedAfter('require("bpfkit").openKernel()');
  expect(packages).toContain("koffi");
  expect(packages.filter((name) => !name.includes("koffi"))).toEqual([]);
});
