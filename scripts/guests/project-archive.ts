import { hostCommand } from "./host-command";
import { projectFolder } from "./project";

/** What no test and no command needs: the repository, private builds, the formatter with its 100 MB, the compiler with 30. */
const unneeded = [
  ...["./.*", "./coverage"],
  ...["@biomejs", "@typescript", "typescript", "knip"].map((name) => `./node_modules/${name}`),
];

/**
 * Packs the project with its build and its dependencies. `over`, a folder with a node_modules of its own, is laid
 * over it.
 */
export async function packProject(archive: string, over: string | undefined): Promise<void> {
  await hostCommand("tar", [
    ...["-c", "-f", archive, "--anchored", ...unneeded.map((pattern) => `--exclude=${pattern}`)],
    ...["-C", projectFolder, "."],
    ...(over === undefined ? [] : ["-C", over, "./node_modules"]),
  ]);
}
