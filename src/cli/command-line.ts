/** The only place that knows commander: from command definitions to its options, and from its errors to ours. */
import { Command as Commander, CommanderError, Option } from "commander";
import { choice } from "../commands/choice";
import type { Command, CommandEntry, OptionSpec } from "../commands/command";
import type { Verbosity } from "../commands/context";
import type { Machine } from "../commands/machine";
import { UsageError } from "../core/errors";
import { type ColorMode, colorModes } from "../output/color";

/** A command line that makes sense. */
export interface Invocation {
  readonly kind: "run";
  readonly command: Command;
  readonly options: Readonly<Record<string, unknown>>;
  readonly words: readonly string[];
  /** What stands after `--`. */
  readonly tracee: readonly string[] | undefined;
  readonly verbosity: Verbosity;
  readonly color: ColorMode;
}

/** A command line that only asks for text. */
export interface Answer {
  readonly kind: "answer";
  readonly text: string;
}

/** What every command takes besides its own options. */
export const generalOptions = {
  color: { flags: "--color <when>", help: "auto, always, never", choices: colorModes, default: "auto" },
  quiet: { flags: "-q, --quiet", help: "no notices on stderr", conflicts: ["verbose"] },
  verbose: { flags: "-v, --verbose", help: "what is attached and how; -vv: the verifier's log too" },
} as const;
const GENERAL = "General";

/** Understands `argv`, loading only the command it names. Throws a UsageError. */
export function parseCommandLine(
  argv: readonly string[],
  commands: readonly CommandEntry[],
  machine: Machine,
): Invocation | Answer {
  const [name, ...rest] = argv;
  const entry = commands.find((each) => each.name === name);
  if (entry === undefined) throw noCommand(name, commands);
  const command = entry.load();
  const end = rest.indexOf("--");
  const own = end < 0 ? rest : rest.slice(0, end);
  const tracee = end < 0 ? undefined : rest.slice(end + 1);

  const shown: string[] = [];
  const parser = parserOf(command, (text) => shown.push(text));
  try {
    parser.parse(own, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: "answer", text: shown.join("") };
    throw usageError(error, command, parser.args);
  }
  return invocation({ command, given: parser.opts(), words: parser.args }, tracee, machine);
}

function noCommand(name: string | undefined, commands: readonly CommandEntry[]): UsageError {
  const hint = '"bpfkit --help" lists the commands';
  if (name === undefined || name === "--") return new UsageError("command: none given", { hint });
  const { didYouMean } = require("../core/suggest") as typeof import("../core/suggest");
  if (name.startsWith("-")) {
    const meant = didYouMean(name, ["--help", "--version"]) ?? "options stand after the command";
    return new UsageError(`unknown option "${name}"`, { hint: meant });
  }
  const meant = didYouMean(
    name,
    commands.map((each) => each.name),
  );
  return new UsageError(`unknown command "${name}"`, { hint: meant ?? hint });
}

/** What commander found, before any value is looked at. */
interface Given {
  readonly command: Command;
  readonly given: Readonly<Record<string, Texts>>;
  readonly words: readonly string[];
}

/** The texts of an option, one for each time it was given; of a switch, how often it was given. */
type Texts = readonly string[] | number | undefined;

/** Help looks the same everywhere; asking the streams would also cost more than all the rest. */
const HELP_WIDTH = 80;
const PLAIN = {
  getOutHelpWidth: () => HELP_WIDTH,
  getErrHelpWidth: () => HELP_WIDTH,
  getOutHasColors: () => false,
  getErrHasColors: () => false,
};

/** The parser for `command`: its options, the usage line and the examples. */
function parserOf(command: Command, show: (text: string) => void): Commander {
  const parser = new Commander(`bpfkit ${command.name}`)
    .description(command.description ?? command.summary)
    .exitOverride()
    .configureOutput({ writeOut: show, outputError: () => {}, ...PLAIN });
  for (const [key, spec] of Object.entries(command.options)) parser.addOption(optionOf(key, spec));
  for (const [key, spec] of Object.entries<OptionSpec>(generalOptions)) {
    parser.addOption(optionOf(key, { ...spec, group: GENERAL }));
  }
  parser.addHelpOption(new Option("-h, --help", "show this help").helpGroup(`${GENERAL}:`));
  const usage = ["[options]"];
  if (command.argument !== undefined) {
    parser.argument(command.argument.syntax, command.argument.help);
    usage.push(command.argument.syntax);
  }
  if (command.takesCommand === true) usage.push("[-- PROGRAM [argument...]]");
  parser.usage(usage.join(" "));
  const examples = command.examples.map(([line, what]) => `  bpfkit ${line}\n      ${what}`);
  if (examples.length > 0) parser.addHelpText("after", `\nExamples:\n${examples.join("\n")}`);
  return parser;
}

/** Values are gathered as texts and looked at later, so that `--help` and unknown options come first. */
function optionOf(key: string, spec: OptionSpec): Option {
  const option = new Option(spec.flags, spec.help + defaultOf(spec));
  if (option.attributeName() !== key) throw new Error(`option "${spec.flags}" has the key "${key}"`);
  if (option.required) option.argParser((text: string, earlier: string[] = []) => [...earlier, text]);
  else option.argParser((_none: string, earlier: number = 0) => earlier + 1);
  if (spec.conflicts !== undefined) option.conflicts([...spec.conflicts]);
  if (spec.group !== undefined) option.helpGroup(`${spec.group}:`);
  return option;
}

function defaultOf({ default: value, defaultText }: OptionSpec): string {
  const text = defaultText ?? (value === undefined || value === false ? undefined : String(value));
  return text === undefined ? "" : ` (default: ${text})`;
}

function invocation(
  { command, given, words }: Given,
  tracee: readonly string[] | undefined,
  machine: Machine,
): Invocation {
  if (tracee !== undefined && command.takesCommand !== true) {
    throw new UsageError(`command: "${command.name}" starts no program, but there is "--"`);
  }
  if (tracee?.length === 0) throw new UsageError('command: nothing stands after "--"');
  const options: Record<string, unknown> = {};
  for (const [key, spec] of Object.entries(command.options))
    options[key] = optionValue(key, spec, given[key], machine);
  command.check?.(options as never);
  const color = optionValue("color", generalOptions.color, given["color"], machine) as ColorMode;
  const verbose = Math.min(Number(given["verbose"] ?? 0), 2);
  const verbosity = (given["quiet"] === undefined ? verbose : -1) as Verbosity;
  return { kind: "run", command, options, words, tracee, verbosity, color };
}

function optionValue(key: string, spec: OptionSpec, given: Texts, machine: Machine): unknown {
  if (given === undefined) return spec.default ?? (spec.flags.includes("<") ? undefined : false);
  if (typeof given === "number") return true;
  const values = given.map((text) => parsed(key, spec, text, machine));
  const { collect } = spec;
  return collect === undefined ? values.at(-1) : values.reduce((earlier, later) => collect(earlier, later));
}

function parsed(key: string, spec: OptionSpec, text: string, machine: Machine): unknown {
  if (spec.parse !== undefined) return spec.parse(text, machine);
  return spec.choices === undefined ? text : choice(key, text, spec.choices);
}

function usageError(error: CommanderError, command: Command, words: readonly string[]): UsageError {
  const name = `bpfkit ${command.name}`;
  if (error.code === "commander.excessArguments") {
    const extra = words[command.argument === undefined ? 0 : 1];
    const hint = `to start a program and trace it: "${name} [options] -- ${words.join(" ")}"`;
    return new UsageError(`unexpected argument "${extra}"`, command.takesCommand === true ? { hint } : {});
  }
  const [first = "", suggestion] = error.message.split("\n");
  const message = first.replace(/^error: /, "").replaceAll("'", '"');
  const meant = suggestion?.replace(/^\(Did you mean (one of )?(.*)\?\)$/, 'did you mean "$2"?');
  return new UsageError(message, { hint: meant ?? `"${name} --help" shows what there is` });
}
