/** What docs/commands/syscall-top.md says about its numbers is what the code does. */
import { maxEntriesOf, options } from "../../../src/commands/syscall-top/options";
import { sortColumns } from "../../../src/commands/syscall-top/report";
import { BUCKETS, RELATIVE_ERROR } from "../../../src/probes/log-histogram";
import { stores } from "../../../src/probes/tally";
import { abiPrefix, compatAbis } from "../../../src/symbols/syscalls";
import { syscallGroups } from "../../../src/symbols/syscalls/groups";
import { page, section, tableRows } from "./pages";

const text = page("docs/commands/syscall-top.md");

describe("the page of syscall-top", () => {
  test("has every group of system calls", () => {
    expect(syscallGroups.filter((name) => !text.includes(`\`%${name}\``))).toEqual([]);
  });

  test("has every column in its table, and every one to sort by in the option", () => {
    const titles = tableRows(section(text, "## Columns")).flatMap(([first = ""]) => first.split(", "));
    expect(sortColumns.filter((name) => !titles.includes(name.toUpperCase()))).toEqual([]);
    const sort = tableRows(text).find(([first]) => first === `\`${options.sort.flags}\``);
    expect(sortColumns.filter((name) => !sort?.[1]?.includes(`\`${name}\``))).toEqual([]);
  });

  test("says where each kind of map applies", () => {
    const kinds = tableRows(section(text, "## Where it counts, and what is lost: `--map`")).map(
      ([first]) => first,
    );
    expect(stores.filter((name) => !kinds.includes(`\`${name}\``))).toEqual([]);
  });

  test("says what the defaults are", () => {
    const count = { maxEntries: undefined, latency: false };
    const time = { ...count, latency: true };
    expect(text).toContain(`room for: ${maxEntriesOf(count)}, with \`--latency\` ${maxEntriesOf(time)} |`);
    expect(text).toContain(`this many rows, ${options.top.default} unless given`);
  });

  test("says how far percentiles may be off, and how large a histogram is", () => {
    expect(text).toContain(`at most 1/${1 / RELATIVE_ERROR}**`);
    expect(text).toContain(`a group takes ${((BUCKETS + 4) * 8) / 1000} KB`.replace(/(\.\d)\d*/, "$1"));
  });

  test("shows the prefix of every other ABI", () => {
    const prefixes = [...compatAbis("x86-64"), ...compatAbis("arm64")].map(abiPrefix);
    expect(prefixes.length).toBe(3);
    expect(prefixes.filter((prefix) => !text.includes(`\`${prefix}`))).toEqual([]);
  });
});
