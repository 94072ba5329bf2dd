/** docs/kernel-support.md names every feature a command uses, with the release that brought it. */
import { type FeatureName, featureTable } from "../../../src/bpf/features";
import { commandNeeds } from "../../../src/commands/needs";
import { page, section, tableRows } from "./pages";

const text = page("docs/kernel-support.md");

describe.each(Object.entries(commandNeeds))("kernel support of %s", (command, { needs, gains }) => {
  const rows = tableRows(section(text, `## ${command}`)).filter(([first = ""]) => /^`[a-z-]+`$/.test(first));
  const used = [...needs, ...(Object.keys(gains) as FeatureName[])];

  test("has a section", () => {
    expect(text).toContain(`\n## ${command}\n`);
  });

  test("has every feature, and no other", () => {
    expect(rows.map(([first = ""]) => first.replaceAll("`", "")).sort()).toEqual([...used].sort());
  });

  test("says since when", () => {
    const since = Object.fromEntries(
      rows.map(([first = "", release]) => [first.replaceAll("`", ""), release]),
    );
    expect(since).toEqual(Object.fromEntries(used.map((name) => [name, featureTable[name].since])));
  });

  test("says what does not work without", () => {
    const vital = rows.filter(([, , , without = ""]) => without === "does not work");
    expect(vital.map(([first = ""]) => first.replaceAll("`", "")).sort()).toEqual([...needs].sort());
  });
});
