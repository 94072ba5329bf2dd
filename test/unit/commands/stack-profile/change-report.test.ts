import { changeReport } from "../../../../src/commands/stack-profile/change-report";
import { readProfile } from "../../../../src/output/stacks/read-profile";

const profile = (text: string, name: string) => readProfile(Buffer.from(text), `/tmp/${name}`);
const before = profile("app;main;hot 10\napp;main;gone 30\n", "before.folded");
const after = profile("app;main;hot 15\napp;main;new 5\n", "after.folded");
const report = (top = Number.POSITIVE_INFINITY) => changeReport(before, after, { top, footer: ["a note"] });
const cells = (top?: number) => {
  const { rows, columns } = report(top);
  return rows.map((row) => columns.map((column) => column.text(row)).join(" "));
};

test("shares now and then, and by how many points they have changed; the largest change first", () => {
  expect(
    report()
      .columns.map(({ title }) => title)
      .join(" "),
  ).toBe("self was change total was change function");
  expect(cells()).toEqual([
    "0.0 75.0 -75.0 0.0 75.0 -75.0 gone",
    "75.0 25.0 +50.0 75.0 25.0 +50.0 hot",
    "25.0 0.0 +25.0 25.0 0.0 +25.0 new",
    "0.0 0.0 +0.0 100.0 100.0 +0.0 app",
    "0.0 0.0 +0.0 100.0 100.0 +0.0 main",
  ]);
});

test("as many rows as asked for, and what it was compared with", () => {
  expect(cells(1)).toHaveLength(1);
  expect(report().footer).toEqual(['Compared with "before.folded".', "a note"]);
});
