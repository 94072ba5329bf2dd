import { existsSync } from "node:fs";
import { BpfkitError } from "../../src/core/errors";
import { hostCommand } from "./host-command";

/** What apt calls an index target: one package list of one line of its sources. */
export interface IndexTarget {
  readonly repository: string;
  readonly codename: string;
  readonly component: string;
  /** "Debian"; empty as long as the machine's lists were never fetched. */
  readonly origin: string;
}

const format = "$(REPO_URI)\t$(RELEASE)\t$(COMPONENT)\t$(ORIGIN)\t$(CREATED_BY)";
const codenames = /^(bullseye|bookworm|trixie|forky|sid|oldoldstable|oldstable|stable|testing|unstable)$/;

/** Reads the lines of `apt-get indextargets`; only package lists are kept. */
export function parseIndexTargets(text: string): IndexTarget[] {
  return text
    .split("\n")
    .map((line) => line.split("\t"))
    .filter((fields) => fields[4]?.trim() === "Packages")
    .map(([repository = "", codename = "", component = "", origin = ""]) => ({
      repository,
      codename,
      component,
      origin: origin.startsWith("$(") ? "" : origin,
    }));
}

/** The machine's Debian mirror: the first source with a plain Debian suite, not security nor backports. */
export function debianMirror(targets: readonly IndexTarget[]): string | undefined {
  return targets.find(
    (target) =>
      codenames.test(target.codename) &&
      target.component === "main" &&
      (target.origin === "" || target.origin === "Debian"),
  )?.repository;
}

/** The mirror that the machine's own apt is set up with, or the one named by BPFKIT_GUEST_MIRROR. */
export async function findMirror(): Promise<string> {
  const named = process.env["BPFKIT_GUEST_MIRROR"];
  if (named) return named;
  const text = (await hostCommand("apt-get", ["indextargets", "--format", format])).toString();
  const mirror = debianMirror(parseIndexTargets(text));
  if (mirror) return mirror;
  throw new BpfkitError("Debian mirror: none in this machine's apt sources", {
    hint: "set BPFKIT_GUEST_MIRROR to the address of a Debian mirror, the one that ends in /debian",
  });
}

/** The ring with the keys of all Debian releases; without it the keys that apt trusts anyway are used. */
export function debianKeyring(): string | undefined {
  const path = "/usr/share/keyrings/debian-archive-keyring.gpg";
  return existsSync(path) ? path : undefined;
}
