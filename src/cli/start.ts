import type { CommandEntry } from "../commands/command";
import { say } from "./say";

export interface Program {
  readonly version: string;
  readonly commands: readonly CommandEntry[];
}

/** Starts the command line: version and overview at once, everything else through `main`. Sets the exit code. */
export function start(version: string, given?: readonly CommandEntry[]): void {
  const argv = process.argv.slice(2);
  const [first, ...rest] = argv;
  if (first === "--version" || first === "-V") {
    say(1, `bpfkit ${version}\n`);
    return;
  }
  const commands = given ?? (require("../commands") as typeof import("../commands")).commands;
  const asked = first === "--help" || first === "-h" || first === "help";
  if (first === undefined || (asked && rest.length === 0)) {
    const { overview } = require("./overview") as typeof import("./overview");
    // Without a command it is an answer to a question that nobody asked: not data, and not a success.
    say(asked ? 1 : 2, overview(commands));
    process.exitCode = asked ? 0 : 2;
    return;
  }
  const { main } = require("./main") as typeof import("./main");
  void main(asked ? [...rest, "--help"] : argv, { version, commands }).then((code) => process.exit(code));
}
