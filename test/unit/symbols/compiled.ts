/** Programs made by gcc for one test file. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compiled } from "../../compiled";

/** A folder for what is compiled; it goes with `using`, or in `afterAll`. */
export class Workshop implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "bpfkit-symbols-"));

  /** Compiles C to `name` and returns its path. The file is the caller's own, to do with it what it likes. */
  compile(name: string, source: string, ...flags: string[]): string {
    const output = join(this.folder, name);
    copyFileSync(compiled(source, { flags }), output);
    return output;
  }

  /** Writes a file and returns its path. */
  write(name: string, content: string | Uint8Array): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  run(program: string, ...args: string[]): string {
    return execFileSync(program, args, { cwd: this.folder, encoding: "utf8", stdio: "pipe" });
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What `nm` prints of functions: the second source to compare with. */
export function functionsByNm(path: string, ...options: string[]): Map<string, number> {
  const lines = execFileSync("nm", [...options, path], {
    encoding: "utf8",
    stdio: "pipe",
    maxBuffer: 2 ** 28,
  });
  const found = new Map<string, number>();
  for (const [, digits, name] of lines.matchAll(/^([0-9a-f]+) [tTwWi] ([^@\n]+)/gm))
    found.set(name as string, parseInt(digits as string, 16));
  return found;
}
