/** Starts the bpfkit of this build, as bin/bpfkit.js does with the one in dist/. */
import { starter } from "../src/cli/load";
import { version } from "./this-build";

starter().start(version());
