import { start } from "../../src/cli/start";
import { fakeCommands } from "./fake-bpfkit";

start("1.2.3", fakeCommands);
