import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type ArchiveMember, cpioArchive } from "./cpio";
import type { KernelImage } from "./kernel-image";
import { projectFolder } from "./project";
import { shellQuote } from "./shell-quote";

/** What the start scripts of a guest are told; an empty value means "not so". */
export interface GuestSettings {
  /** The host name. */
  readonly NAME: string;
  /** Where the copy of the project is put. */
  readonly PROJECT: string;
  /** A program to copy into the guest's memory before it is first run; empty for none. */
  readonly PRELOAD: string;
  /** Seconds since 1970. */
  readonly NOW: string;
  /** Settings for stty when the command wants the console as its terminal. */
  readonly TERMINAL: string;
  /** The console's device below /dev. */
  readonly CONSOLE: string;
}

/** Writes the initramfs of one guest: busybox, the modules, the two start scripts, the settings. */
export async function writeInitramfs(
  path: string,
  image: KernelImage,
  settings: GuestSettings,
): Promise<void> {
  const folder = 0o040755;
  const program = 0o100755;
  const script = async (name: string) => readFile(join(projectFolder, "scripts", "guests", name));
  const members: ArchiveMember[] = [
    { path: "bin", mode: folder },
    { path: "bin/busybox", mode: program, content: await readFile(image.busybox) },
    { path: "init", mode: program, content: await script("stage1.sh") },
    { path: "stage2", mode: program, content: await script("stage2.sh") },
    { path: "settings", mode: program, content: Buffer.from(settingsText(settings)) },
    { path: "modules", mode: folder },
    {
      path: "modules/order",
      mode: program,
      content: Buffer.from(image.modules.map((m) => `${basename(m)}\n`).join("")),
    },
  ];
  for (const module of image.modules) {
    members.push({ path: `modules/${basename(module)}`, mode: program, content: await readFile(module) });
  }
  await writeFile(path, cpioArchive(members));
}

function settingsText(settings: GuestSettings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${shellQuote(value)}\n`)
    .join("");
}
