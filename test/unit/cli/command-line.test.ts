import { parseCommandLine } from "../../../src/cli/command-line";
import { defineCommand } from "../../../src/commands/command";
import { filterOptions } from "../../../src/commands/filter-options";
import { outputOptions, rowOptions } from "../../../src/commands/output-options";
import { UsageError } from "../../../src/core/errors";
import { fakeMachine } from "../commands/fake-machine";

const top = defineCommand({
  name: "top",
  summary: "Rank",
  takesCommand: true,
  options: {
    ...filterOptions,
    ...rowOptions(["count", "name"], { top: 15, sort: "count" }),
    ...outputOptions(["table", "json"]),
    failed: { flags: "-x, --failed", help: "only what failed", group: "Filters" },
  },
  examples: [["top -p 1", "watch one process"]],
  check({ pid, uid }) {
    if (pid !== undefined && uid !== undefined) throw new UsageError("pid: pointless with a user");
  },
  run: async () => undefined,
});
const trace = defineCommand({
  name: "trace",
  summary: "Trace",
  options: {},
  argument: { syntax: "<function...>", help: "what to trace" },
  examples: [],
  run: async () => undefined,
});
const loaded: string[] = [];
const commands = [top, trace].map((command) => ({
  name: command.name,
  summary: command.summary,
  example: command.name,
  load() {
    loaded.push(command.name);
    return command;
  },
}));
const parse = (...argv: string[]) => parseCommandLine(argv, commands, fakeMachine);

beforeEach(() => loaded.splice(0));

test("values, defaults and switches", () => {
  expect(parse("top", "-p", "1", "-p100", "--sort", "-name", "-x")).toMatchObject({
    kind: "run",
    command: top,
    options: {
      pid: [1, 100],
      tid: undefined,
      top: 15,
      sort: { column: "name", reversed: true },
      failed: true,
      json: false,
    },
    words: [],
    tracee: undefined,
    verbosity: 0,
    color: "auto",
  });
});

test("only the command that is named is loaded", () => {
  parse("trace", "tcp_sendmsg");
  expect(loaded).toEqual(["trace"]);
});

test.each([
  ["-q", ["-q"], -1],
  ["-v", ["-v"], 1],
  ["-vv", ["-vv"], 2],
  ["-v -v -v", ["-v", "-v", "-v"], 2],
])("verbosity of %s", (_name, given, verbosity) =>
  expect(parse("top", ...given)).toMatchObject({ verbosity }),
);

test("what stands after -- is the program's, options and further -- included", () => {
  expect(parse("top", "-x", "--", "make", "-p", "9", "--", "--help")).toMatchObject({
    options: { failed: true, pid: undefined },
    tracee: ["make", "-p", "9", "--", "--help"],
  });
});

test("words are the command's arguments", () =>
  expect(parse("trace", "a", "b")).toMatchObject({ words: ["a", "b"] }));

describe("help", () => {
  test.each([["--help"], ["-h"]])("%s has options, defaults and examples", (flag) => {
    const answer = parse("top", flag);
    expect(answer.kind).toBe("answer");
    const text = answer.kind === "answer" ? answer.text : "";
    expect(text).toMatch(/^Usage: bpfkit top \[options\] \[-- PROGRAM \[argument\.\.\.\]\]\n/);
    expect(text).toContain("Filters:\n  -p, --pid <list>");
    expect(text).toMatch(/--top <rows> .*\(default: 15\)/);
    expect(text).toMatch(/--sort <column> .*\n? .*\(default: count\)/);
    expect(text).toContain("Examples:\n  bpfkit top -p 1\n      watch one process\n");
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });
  test("comes before wrong values", () => expect(parse("top", "-p", "x", "--help").kind).toBe("answer"));
});

test.each<[string, string[], string, string | undefined]>([
  ["a misspelt command", ["tpo"], 'unknown command "tpo"', 'did you mean "top"?'],
  ["another command", ["zzzzzz"], 'unknown command "zzzzzz"', '"bpfkit --help" lists the commands'],
  ["an option first", ["-x", "top"], 'unknown option "-x"', "options stand after the command"],
  ["a misspelt global option", ["--hepl"], 'unknown option "--hepl"', 'did you mean "--help"?'],
  ["only --", ["--", "make"], "command: none given", '"bpfkit --help" lists the commands'],
  ["a misspelt option", ["top", "--faild"], 'unknown option "--faild"', 'did you mean "--failed"?'],
  [
    "an unlike option",
    ["top", "--zzzzzz"],
    'unknown option "--zzzzzz"',
    '"bpfkit top --help" shows what there is',
  ],
  [
    "no value",
    ["top", "-p"],
    'option "-p, --pid <list>" argument missing',
    '"bpfkit top --help" shows what there is',
  ],
  ["a wrong value", ["top", "-p", "5"], "pid: no process 5", undefined],
  ["a wrong choice", ["top", "-f", "jsn"], 'format: "jsn" is none of table, json', 'did you mean "json"?'],
  [
    "a wrong general choice",
    ["top", "--color", "red"],
    'color: "red" is none of auto, always, never',
    undefined,
  ],
  [
    "options that exclude each other",
    ["top", "--json", "--csv"],
    'option "--json" cannot be used with option "--csv"',
    '"bpfkit top --help" shows what there is',
  ],
  [
    "-q with -v",
    ["top", "-qv"],
    'option "-q, --quiet" cannot be used with option "-v, --verbose"',
    '"bpfkit top --help" shows what there is',
  ],
  [
    "a program without --",
    ["top", "make", "all"],
    'unexpected argument "make"',
    'to start a program and trace it: "bpfkit top [options] -- make all"',
  ],
  ["no program after --", ["top", "--"], 'command: nothing stands after "--"', undefined],
  [
    "a program for a command that starts none",
    ["trace", "f", "--", "make"],
    'command: "trace" starts no program, but there is "--"',
    undefined,
  ],
  [
    "no argument",
    ["trace"],
    'missing required argument "function"',
    '"bpfkit trace --help" shows what there is',
  ],
  ["the command's own check", ["top", "-p", "1", "-u", "ada"], "pid: pointless with a user", undefined],
])("refused: %s", (_name, argv, message, hint) => {
  const refused = () => parse(...argv);
  expect(refused).toThrow(UsageError);
  expect(refused).toThrow(expect.objectContaining({ message, hint }));
});

test("an option under a key that is not its name is a mistake in the command", () => {
  const wrong = { ...trace, name: "wrong", options: { errors: { flags: "--failed", help: "" } } };
  const entry = { name: "wrong", summary: "", example: "", load: () => wrong };
  expect(() => parseCommandLine(["wrong"], [entry], fakeMachine)).toThrow(
    'option "--failed" has the key "errors"',
  );
});
