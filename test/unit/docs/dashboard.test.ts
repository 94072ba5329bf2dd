/** What docs/commands/dashboard.md says is what the code does. */
import { alertFigures } from "../../../src/commands/dashboard/alert-expression";
import { options } from "../../../src/commands/dashboard/options";
import { allNames } from "../../../src/commands/dashboard/selection";
import { COURSE } from "../../../src/commands/dashboard/series";
import { orders } from "../../../src/commands/dashboard/view-state";
import { NS_PER } from "../../../src/core/units";
import { page, section, tableRows } from "./pages";

const text = page("docs/commands/dashboard.md");

describe("the page of dashboard", () => {
  test("has every counter, and no other", () => {
    const rows = tableRows(section(text, "## Counters")).slice(1);
    const named = rows.flatMap(([first = ""]) => [...first.matchAll(/`([\w-]+)`/g)].map(([, name]) => name));
    expect(named.sort()).toEqual([...allNames].sort());
  });

  test("has every column that rows are sorted by", () => {
    const titles = tableRows(section(text, "## Columns")).flatMap(([first = ""]) => first.split(", "));
    const figures = orders.filter((order) => order !== "list" && order !== "name");
    expect(figures.filter((order) => !titles.includes(order.toUpperCase()))).toEqual([]);
  });

  test("has the grammar of alerts", () => {
    const named = alertFigures.filter((figure) => figure !== "rate");
    expect(section(text, "## Alerts")).toContain(`[${named.join("|")}] COUNTER`);
  });

  test("says what the defaults are", () => {
    expect(text).toContain(`${options.window.default / NS_PER.s}s unless given`);
    expect(text).toContain(`${options.interval.default / NS_PER.s}s unless given`);
    expect(text).toContain(`the last ${COURSE} intervals`);
  });
});
