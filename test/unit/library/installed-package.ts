/** An empty folder with bpfkit in it, as npm would have installed it. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { root } from "../../root";

/** The build that this test belongs to. */
const build = join(__dirname, "..", "..", "..");

/** What is in a project's folder without being part of it. */
const NOT_OURS = /^(node_modules|dist|coverage|\.git|\.build)$|\.tgz$/;

/** Where bpfkit can be used like any other package, until disposed. */
export class Installation implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "bpfkit-installed-"));
  readonly package = join(this.folder, "node_modules", "bpfkit");

  constructor() {
    chmodSync(this.folder, 0o755);
    mkdirSync(dirname(this.package));
    // Else a package.json in a folder above would say whose file this is.
    this.write("package.json", "{}");
  }

  /** Puts a file there and returns its path. */
  write(name: string, text: string): string {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  /** A program of the machine under a command name of its own. */
  commandNamed(name: string, program: string): string {
    const folders = (process.env["PATH"] ?? "").split(":");
    const found = folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
    if (found === undefined) throw new Error(`there is no program "${program}"`);
    const path = join(this.folder, name);
    symlinkSync(found, path);
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The package as it stands in this build, without packing it. */
export function linkedPackage(): Installation {
  const installed = new Installation();
  mkdirSync(join(installed.package, "dist"), { recursive: true });
  cpSync(join(root, "package.json"), join(installed.package, "package.json"));
  symlinkSync(join(build, "src"), join(installed.package, "dist", "src"));
  return installed;
}

/** A file as `npm pack` lists it. */
export interface PackedFile {
  readonly path: string;
  readonly mode: number;
}

export interface PackedPackage {
  readonly installed: Installation;
  readonly files: readonly PackedFile[];
}

/**
 * Packs this build with npm and unpacks the tarball. The packages that bpfkit depends on are the project's own, so
 * that no registry is asked.
 */
export function packedPackage(): PackedPackage {
  using project = copyOfProject();
  const tarballs = join(project.folder, "tarballs");
  mkdirSync(tarballs);
  const [packed] = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", tarballs], {
      cwd: project.package,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, npm_config_cache: join(project.folder, "cache"), npm_config_offline: "true" },
    }),
  );
  const installed = new Installation();
  mkdirSync(installed.package);
  execFileSync("tar", [
    "-xzf",
    join(tarballs, packed.filename),
    "--strip-components=1",
    "-C",
    installed.package,
  ]);
  const { dependencies, bin } = JSON.parse(readFileSync(join(installed.package, "package.json"), "utf8"));
  for (const name of [...Object.keys(dependencies), "@types"])
    symlinkSync(join(root, "node_modules", name), join(installed.folder, "node_modules", name));
  mkdirSync(join(installed.folder, "node_modules", ".bin"));
  symlinkSync(join("..", "bpfkit", bin.bpfkit), join(installed.folder, "node_modules", ".bin", "bpfkit"));
  return { installed, files: packed.files };
}

/** The project with this build as its `dist`, wherever that lies. */
function copyOfProject(): Installation {
  const project = new Installation();
  mkdirSync(project.package);
  for (const name of readdirSync(root))
    if (!NOT_OURS.test(name))
      cpSync(join(root, name), join(project.package, name), { recursive: true, preserveTimestamps: true });
  for (const name of ["bpfkit.js", "src", "test", "examples"].filter((each) => existsSync(join(build, each))))
    cpSync(join(build, name), join(project.package, "dist", name), { recursive: true });
  return project;
}

/** How a user's project may be set up: the format of its files is that of its package.json. */
export type Format = "commonjs" | "module";

/** Compiles the examples as a user would, against the installed package's types; returns the folder they are in. */
export function compileExamples(installed: Installation, format: Format): string {
  const folder = join(installed.folder, format);
  cpSync(join(root, "examples"), folder, { recursive: true, filter: (path) => !path.endsWith(".json") });
  installed.write(`${format}/package.json`, JSON.stringify({ type: format }));
  installed.write(
    `${format}/tsconfig.json`,
    JSON.stringify({
      compilerOptions: {
        module: "node20",
        target: "ES2022",
        lib: ["ES2023", "ESNext.Disposable"],
        types: ["node"],
        rootDir: ".",
        strict: true,
      },
    }),
  );
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  try {
    execFileSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    throw new Error(`examples as ${format}: ${(error as { stdout?: string }).stdout}`);
  }
  return folder;
}
