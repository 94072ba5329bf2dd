import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BpfkitError, messageOf } from "../../src/core/errors";
import { debianKeyring, findMirror } from "./debian-mirror";
import { hostCommand } from "./host-command";
import type { Architecture } from "./kernels";

export interface RepositoryOptions {
  /** Everything apt writes goes below this folder. */
  readonly folder: string;
  readonly suite: string;
  readonly architecture: Architecture;
  log(line: string): void;
}

/** One Debian suite for one architecture, seen through an apt configuration that shares no state with the machine's. */
export interface Repository {
  /** The packages that a package depends on directly. */
  dependencies(name: string): Promise<string[]>;
  /** Downloads exactly these packages; gives the paths of the .deb files. */
  download(names: readonly string[]): Promise<string[]>;
  /** Downloads these packages and everything they depend on. */
  downloadClosure(names: readonly string[]): Promise<string[]>;
}

/** Fetches the suite's package list. */
export async function openRepository(options: RepositoryOptions): Promise<Repository> {
  const { folder, suite, architecture, log } = options;
  const configuration = await configure(options);
  const apt = (program: string, args: readonly string[], cwd = folder) =>
    hostCommand(program, ["-q", "-c", configuration, ...args], { cwd, env: { ...process.env, LC_ALL: "C" } });

  log(`reading the package list of "${suite}"`);
  await apt("apt-get", ["update"]).catch((cause) => {
    throw new BpfkitError(`package list of "${suite}" (${architecture}): ${messageOf(cause)}`, {
      cause,
      hint:
        "see whether `apt-get update` works on this machine; if its mirror lacks the suite, " +
        "set BPFKIT_GUEST_MIRROR to a Debian mirror that has it",
    });
  });

  const fetched = async (names: readonly string[], args: readonly string[], target: string) => {
    log(`downloading ${names.join(", ")}`);
    await apt("apt-get", args, target).catch((cause) => {
      throw new BpfkitError(`download ${names.map((name) => `"${name}"`).join(", ")}: ${messageOf(cause)}`, {
        cause,
        hint: `the suite is "${suite}" for ${architecture}; BPFKIT_GUEST_MIRROR names another mirror`,
      });
    });
    return (await readdir(target)).filter((name) => name.endsWith(".deb")).map((name) => join(target, name));
  };

  return {
    async dependencies(name) {
      const text = await apt("apt-cache", ["depends", "--important", name]).catch((cause) => {
        throw new BpfkitError(`package "${name}": not in suite "${suite}" for ${architecture}`, { cause });
      });
      return parseDepends(text.toString());
    },
    async download(names) {
      const target = join(folder, `debs-${names[0]}`);
      await mkdir(target, { recursive: true });
      return fetched(names, ["download", ...names], target);
    },
    downloadClosure(names) {
      const args = ["install", "--yes", "--download-only", "--no-install-recommends", ...names];
      return fetched(names, args, join(folder, "cache", "archives"));
    },
  };
}

/** Reads `apt-cache depends`: the names after "Depends:". */
export function parseDepends(text: string): string[] {
  return [...text.matchAll(/^\s*\|?(?:Pre)?Depends: ([^\s<>]+)$/gm)].map(([, name]) => name!);
}

async function configure({ folder, suite, architecture }: RepositoryOptions): Promise<string> {
  await mkdir(join(folder, "lists", "partial"), { recursive: true });
  await mkdir(join(folder, "cache", "archives", "partial"), { recursive: true });
  const keyring = debianKeyring();
  const trust = keyring ? `[signed-by=${keyring}] ` : "";
  await writeFile(join(folder, "sources.list"), `deb ${trust}${await findMirror()} ${suite} main\n`);
  await writeFile(join(folder, "status"), "");
  const path = join(folder, "apt.conf");
  // The machine's own settings (proxy, certificates) still apply; its hooks, which clean its caches, must not run.
  const text = `#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
#clear APT::NeverAutoRemove;
Dir::Etc::sourcelist "${folder}/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferencesparts "-";
Dir::State "${folder}";
Dir::State::lists "${folder}/lists";
Dir::State::status "${folder}/status";
Dir::Cache "${folder}/cache";
APT::Architecture "${architecture}";
#clear APT::Architectures;
APT::Architectures { "${architecture}"; };
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
APT::Keep-Downloaded-Packages "true";
Acquire::Languages "none";
Acquire::Retries "3";
`;
  await writeFile(path, text);
  return path;
}
