/** cgroups of a test, below the mount of cgroup v2. */
import { mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cgroupMount } from "../../../src/symbols/cgroups";

export class TestCgroups {
  /** Where cgroup v2 is mounted. */
  readonly mount = cgroupMount() ?? "";

  /** Named by their paths below the mount, the outer ones first. */
  constructor(private readonly names: readonly string[]) {
    for (const name of names) mkdirSync(this.directory(name), { recursive: true });
  }

  directory(name: string): string {
    return join(this.mount, name);
  }

  /** A shell's script that enters the cgroup and then does what is given. */
  script(name: string, script: string): string[] {
    return ["sh", "-c", `echo $$ > '${this.directory(name)}/cgroup.procs'; ${script}`];
  }

  /** Takes them away; a process that has just ended may still be in one. */
  async remove(): Promise<void> {
    for (const name of this.names.toReversed()) {
      for (let left = 200; left > 0 && this.processes(name) !== ""; left--) await sleep(10);
      rmdirSync(this.directory(name));
    }
  }

  private processes(name: string): string {
    return readFileSync(join(this.directory(name), "cgroup.procs"), "utf8");
  }
}
