/** Starts the bpfkit of this build, as bin/bpfkit.js does with the one in dist/. */
import { start } from "../src/cli/start";
import { version } from "./this-build";

start(version());
