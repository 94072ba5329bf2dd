import { stackReport, stackText } from "../../../../src/commands/trace-fn/stack-report";
import { profileOf, user } from "../../output/stacks/sample";

const main = user("main");
const [dd, cat] = [{ label: "dd" }, { label: "cat" }];
const profile = profileOf(
  [
    { frames: [main, user("a"), "s:write"], weight: 3, group: dd },
    { frames: [main, user("b"), "s:write"], weight: 101, group: dd },
    { frames: [main, user("a"), "s:write"], weight: 7, group: cat },
    // Another address of the same function.
    { frames: [main, user("b", 0x10n), "s:write"], weight: 2, group: dd },
  ],
  { unit: "count", lost: { stacksFull: 1 }, notes: ["A note."] },
);

test("the most frequent first, each frame with its file, equal names as one", () =>
  expect(stackText(profile, 2)).toBe(
    [
      "    COUNT      %  STACK, innermost first",
      "      103   91.2  s:write",
      "                  b                                        shop",
      "                  main                                     shop",
      "                  dd",
      "",
      "        7    6.2  s:write",
      "                  a                                        shop",
      "                  main                                     shop",
      "                  cat",
      "",
      "And 1 stack of 3 calls; -n 0 shows all.",
      "A note.",
      "Total: 113 calls in 3 stacks.",
      "Lost: 1 (stacks full 1).",
      "",
    ].join("\n"),
  ));

test("no stack at all", () =>
  expect(stackText(profileOf([], { lost: {} }), 10)).toContain("Total: 0 calls in 0 stacks."));

test("as rows, the outermost first", () => {
  const { rows, columns, totals } = stackReport(profile, 2);
  const shown = rows.map((row) => columns.map(({ json }) => json(row)));
  expect(shown).toEqual([
    [103, "dd", "main;b;s:write"],
    [7, "cat", "main;a;s:write"],
  ]);
  expect(totals).toEqual({ count: 113, rows: 3, shownRows: 2 });
});
