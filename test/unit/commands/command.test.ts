import { defineCommand, type OptionValues } from "../../../src/commands/command";
import { type CommPattern, filterOptions } from "../../../src/commands/filter-options";
import { outputOptions, rowOptions, type SortOrder } from "../../../src/commands/output-options";
import { timingOptions } from "../../../src/commands/timing-options";

/** True when the types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Does not compile unless it is given `true`. */
function holds<T extends true>(): T[] {
  return [];
}

const command = defineCommand({
  name: "typed",
  summary: "Typed",
  options: {
    ...filterOptions,
    ...timingOptions,
    ...rowOptions(["count", "name"], { top: 15, sort: "count" }),
    ...outputOptions(["table", "json"]),
    every: { ...timingOptions.interval, flags: "--every <time>", default: 5 },
    by: { flags: "--by <what>", help: "", choices: ["pid", "comm"], default: "pid" },
    plain: { flags: "--plain <text>", help: "" },
    failed: { flags: "-x, --failed", help: "" },
    errno: { flags: "--errno <name>", help: "", parse: (text) => text.length },
  },
  examples: [],
  run: async () => undefined,
});
type Values = OptionValues<typeof command.options>;

test("the types of the values follow from the options", () => {
  holds<Same<Values["pid"], readonly number[] | undefined>>();
  holds<Same<Values["comm"], CommPattern | undefined>>();
  holds<Same<Values["duration"], number | undefined>>();
  holds<Same<Values["top"], number>>();
  holds<Same<Values["sort"], SortOrder<"count" | "name">>>();
  holds<Same<Values["format"], "table" | "json" | undefined>>();
  holds<Same<Values["every"], number>>();
  holds<Same<Values["by"], "pid" | "comm">>();
  holds<Same<Values["plain"], string | undefined>>();
  holds<Same<Values["failed"], boolean>>();
  holds<Same<Values["json"], boolean>>();
  holds<Same<Values["errno"], number | undefined>>();
  expect(command.name).toBe("typed");
});
