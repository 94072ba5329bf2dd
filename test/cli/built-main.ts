import { readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "../../src/cli/load";
import { root } from "../root";

/** What bin/bpfkit.js does, with the build that the tests belong to. */
load().start(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version);
