/**
 * What a command is: plain data, from which the command line, help, man page and documentation are made, and a
 * function that runs. `src/cli` is the only place that knows the parser of the command line.
 */
import type { Context } from "./context";
import type { Machine } from "./machine";

/** One option. Without `<value>` in its flags it is a switch: true or false. */
export interface OptionSpec<T = unknown> {
  /** As the user sees it: `-p, --pid <list>`. */
  readonly flags: string;
  readonly help: string;
  /** Turns the text into a value, or throws a UsageError that names what is allowed. */
  readonly parse?: (text: string, machine: Machine) => T;
  /** The allowed texts, where they are few; anything else is refused with the nearest spelling. */
  readonly choices?: readonly T[] & readonly string[];
  /** The value when the option is absent; undefined otherwise. */
  readonly default?: T;
  /** How help writes the default, where it is not the value itself. */
  readonly defaultText?: string;
  /** Makes one value of two when the option is repeated; otherwise the last one counts. */
  collect?(earlier: T, later: T): T;
  /** Keys of options that exclude this one. */
  readonly conflicts?: readonly string[];
  /** The heading it stands under in help and documentation. */
  readonly group?: string;
}

/** A command's options by the name under which `run` gets the value. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** The type of an option's value. */
export type OptionValue<O> = O extends { readonly parse: (...given: never[]) => infer T }
  ? OrAbsent<O, T>
  : O extends { readonly choices: readonly (infer T)[] }
    ? OrAbsent<O, T>
    : O extends { readonly flags: `${string}<${string}` }
      ? OrAbsent<O, string>
      : boolean;
type OrAbsent<O, T> = O extends { readonly default: T } ? T : T | undefined;

/** The values of a command's options. */
export type OptionValues<O> = { readonly [K in keyof O]: OptionValue<O[K]> };

/** The words after the options, such as the functions to trace. */
export interface ArgumentSpec {
  /** As the user sees it: `<function>`, `<function...>` for one or more, `[pid...]` for any number. */
  readonly syntax: string;
  readonly help: string;
}

/** What there is to say about a run when it is over. */
export interface Outcome {
  /** How many events were lost in the whole run: with `--fail-on-loss` any makes the exit code 3. */
  readonly lost: number;
  /** An alert has fired that the user wants to be told of by the exit code, 4. */
  readonly alerted?: boolean;
}

export interface Command<O extends OptionSpecs = OptionSpecs> {
  /** As typed: `syscall-top`. */
  readonly name: string;
  /** One line for the list of commands: a capital, no full stop. */
  readonly summary: string;
  /** More than one line about it, for its own help. */
  readonly description?: string;
  readonly options: O;
  readonly argument?: ArgumentSpec;
  /** Whether `-- COMMAND ARG…` makes sense. */
  readonly takesCommand?: boolean;
  /** File endings that ask for a format of this command's own, besides the common ones: `{ ".svg": "svg" }`. */
  readonly endings?: Readonly<Record<string, string>>;
  /** Redraws in place on a terminal unless a format, a file or `--once` asks for something else. */
  readonly liveOnTerminal?: boolean;
  /** Lines that can be copied (without the leading `bpfkit`), each with what it does. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  /** Checks options against each other, before anything is attached. Throws a UsageError. */
  check?(options: OptionValues<O>): void;
  /** Does it. It never prints, exits, sleeps or looks at the process: everything comes with the context. */
  run(context: Context, options: OptionValues<O>, words: readonly string[]): Promise<Outcome | undefined>;
}

/** A command with the types of its options inferred. */
export function defineCommand<const O extends OptionSpecs>(command: Command<O>): Command<O> {
  return command;
}

/** A command in the list: enough for `bpfkit --help`, and how to load the rest. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** One line to copy, without the leading `bpfkit`. */
  readonly example: string;
  readonly load: () => Command;
}
