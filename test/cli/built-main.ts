import { readFileSync } from "node:fs";
import { join } from "node:path";
import { start } from "../../src/cli/start";
import { root } from "../root";

/** What bin/bpfkit.js does, with the build that the tests belong to. */
start(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version);
