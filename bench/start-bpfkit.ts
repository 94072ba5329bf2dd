/** Starts the bpfkit of this build, as bin/bpfkit.js does with the one in dist/. */
import { load } from "../src/cli/load";
import { version } from "./this-build";

load().start(version());
