import { readFileSync } from "node:fs";
import { join } from "node:path";
import { starter } from "../../src/cli/load";
import { root } from "../root";

/** What bin/bpfkit.js does, with the build that the tests belong to. */
starter().start(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version);
