import { chosenFormat } from "../../../src/cli/output";
import { defineCommand } from "../../../src/commands/command";
import { outputOptions } from "../../../src/commands/output-options";

const command = defineCommand({
  name: "profile",
  summary: "",
  options: outputOptions(["table", "json", "csv", "svg"]),
  endings: { ".svg": "svg", ".pb.gz": "pprof" },
  examples: [],
  run: async () => undefined,
});

test.each([
  ["nothing", {}, "table"],
  ["-f", { format: "svg" }, "svg"],
  ["--json", { json: true }, "json"],
  ["--csv", { csv: true }, "csv"],
  ["a common ending", { output: "out.csv" }, "csv"],
  ["an ending of the command's own", { output: "flame.svg" }, "svg"],
  ["an ending that says nothing", { output: "out.log" }, "table"],
  ["-f before the ending", { output: "out.json", format: "csv" }, "csv"],
  ["--csv before the ending", { output: "out.json", csv: true }, "csv"],
])("%s", (_name, options, format) => expect(chosenFormat({ command, options })).toBe(format));

test("an ending of a format that the command lacks is refused", () =>
  expect(() => chosenFormat({ command, options: { output: "out.ndjson" } })).toThrow(
    'format: "ndjson" is none of table, json, csv, svg',
  ));
