import { outputOptions, parseSort, parseTop, rowOptions } from "../../../src/commands/output-options";

const COLUMNS = ["count", "totalNs"] as const;

describe("parseTop", () => {
  test.each([
    ["15", 15],
    ["0", Number.POSITIVE_INFINITY],
  ])("%j", (text, rows) => expect(parseTop(text)).toBe(rows));
  test.each(["-1", "1.5", "all", ""])("not %j", (text) =>
    expect(() => parseTop(text)).toThrow(`top: "${text}" is not a whole number of rows`),
  );
});

describe("parseSort", () => {
  test.each([
    ["count", { column: "count", reversed: false }],
    ["-totalNs", { column: "totalNs", reversed: true }],
  ])("%j", (text, order) => expect(parseSort(text, COLUMNS)).toEqual(order));
  test.each([
    ["cuont", 'did you mean "count"?'],
    ["zzz", undefined],
  ])("not %j", (text, hint) => {
    const refused = () => parseSort(text, COLUMNS);
    expect(refused).toThrow(`sort: "${text}" is none of count, totalNs`);
    expect(refused).toThrow(expect.objectContaining({ hint }));
  });
});

test("the first format and the given order are the defaults that help shows", () => {
  expect(outputOptions(["json", "csv"]).format.help).toBe("json, csv (default: json)");
  expect(rowOptions(COLUMNS, { top: 7, sort: "totalNs" })).toMatchObject({
    top: { default: 7 },
    sort: { default: { column: "totalNs", reversed: false }, defaultText: "totalNs" },
  });
});
