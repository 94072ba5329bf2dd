/**
 * Writes the tables that come from the kernel's UAPI headers, or compares them.
 *
 *     node dist/scripts/generate-uapi.js [--check] [--headers FOLDER]
 *
 * The headers are those of Debian's linux-libc-dev for amd64. What the kernel has gained since is in uapi/newer.ts.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../src/core/errors";
import { generate, headersIn } from "./uapi/generate";

/** The repository's root: the nearest folder above the running file that holds package.json. */
function repository(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

function main(): number {
  const { values } = parseArgs({
    options: {
      check: { type: "boolean", default: false },
      headers: { type: "string", default: "/usr/include" },
    },
  });
  const root = repository();
  let differing = 0;
  for (const [path, text] of generate(headersIn(values.headers))) {
    const file = join(root, path);
    if (existsSync(file) && readFileSync(file, "utf8") === text) continue;
    differing += 1;
    if (!values.check) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    process.stderr.write(`${values.check ? "differs" : "written"}: ${path}\n`);
  }
  return values.check && differing > 0 ? 1 : 0;
}

try {
  process.exitCode = main();
} catch (error) {
  process.stderr.write(`generate-uapi: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
