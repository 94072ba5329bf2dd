/** bpfkit as a user without rights starts it. */
import { spawnSync } from "node:child_process";
import { recordSkip } from "../kernel/skip-log";
import { BUILT } from "./built-bpfkit";

/** As the user nobody where we are root, else as ourselves. */
export function asNobody(args: readonly string[]) {
  const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  return spawnSync(process.execPath, [BUILT, ...args], { encoding: "utf8", cwd: "/", ...user });
}

let able: boolean | undefined;

/** A test for which another user must be able to read this Node and the project. */
export function nobodyTest(name: string, run: () => void): void {
  able ??= asNobody(["--version"]).status === 0;
  if (!able) recordSkip({ test: name, reason: "another user cannot read the project's folder" });
  (able ? test : test.skip)(name, run);
}
