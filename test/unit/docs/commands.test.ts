/** Each command's page has every option of the command and no other, and its examples are right. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { generalOptions, parseCommandLine } from "../../../src/cli/command-line";
import { commands } from "../../../src/commands";
import type { OptionSpec } from "../../../src/commands/command";
import { outputOptions } from "../../../src/commands/output-options";
import { root } from "../../root";
import { fakeMachine } from "../commands/fake-machine";
import { page, tableRows } from "./pages";

/** Options that every command has. */
const general = new Set(["-h, --help", ...flagsOf(generalOptions)]);
/** Options of every command that reports rows. */
const common = new Set(flagsOf(outputOptions([])));

function flagsOf(options: Readonly<Record<string, OptionSpec>>): string[] {
  return Object.values(options).map(({ flags }) => flags);
}

describe.each(commands)("the page of $name", ({ name, load }) => {
  const path = `docs/commands/${name}.md`;
  const text = existsSync(join(root, path)) ? page(path) : "";
  const rows = tableRows(text);
  const documented = rows.flatMap(([first = ""]) => /^`(-[^`]+)`$/.exec(first)?.[1] ?? []);
  const command = load();
  const own = flagsOf(command.options);
  const hasTable = documented.length > 0;

  test("exists", () => {
    expect(text).not.toBe("");
  });

  test("has every option", () => {
    // A command that has none but those of every report needs no table.
    const needed = hasTable ? own : own.filter((flags) => !common.has(flags));
    expect(needed.filter((flags) => !documented.includes(flags))).toEqual([]);
  });

  test("has no other option", () => {
    expect(documented.filter((flags) => !own.includes(flags) && !general.has(flags))).toEqual([]);
  });

  test("has every choice of an option with few", () => {
    const described = Object.values<OptionSpec>(command.options).filter(({ flags }) =>
      documented.includes(flags),
    );
    const choices = described.flatMap((option) => option.choices ?? []);
    expect(choices.filter((choice) => !text.includes(`\`${choice}\``))).toEqual([]);
  });

  test("has only command lines that are understood", () => {
    const lines = [...text.matchAll(/^(?:\$ sudo |\$ )?bpfkit (.*)$/gm)].map(([, line = ""]) => line);
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(() => understand(line)).not.toThrow();
  });
});

/** Takes a line as the shell would, with processes 100 and 101 for those that are gone. */
function understand(line: string): void {
  const command = line.replace(/\s+#.*$/, "");
  const all = [...command.matchAll(/'([^']*)'|(\S+)/g)];
  // A pipe or redirection ends it, unless it stands in quotes.
  const end = all.findIndex(([, , bare]) => bare === "|" || bare === ">");
  const words = all.slice(0, end < 0 ? all.length : end).map(([, quoted, bare]) => quoted ?? bare ?? "");
  const argv = words.map((word, at) => (words[at - 1] === "-p" ? "100" : word));
  parseCommandLine(argv, commands, fakeMachine);
}
