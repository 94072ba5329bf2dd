import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bpfTables, helperTable } from "../../../scripts/uapi/bpf";
import { evaluate } from "../../../scripts/uapi/expression";
import { generate, headersIn, headersVersion } from "../../../scripts/uapi/generate";
import { macroValue, preprocess } from "../../../scripts/uapi/preprocess";
import { root } from "../../root";

describe("evaluate", () => {
  const lookUp = (name: string): bigint | undefined => (name === "FOUR" ? 4n : undefined);
  test.each([
    ["42", 42n],
    ["0x10ULL", 16n],
    ["010", 8n],
    ["(1U << 31)", 2147483648n],
    ["(0xfffffULL << 32)", 0xfffff00000000n],
    ["(-1L)", -1n],
    ["1 | 2 | 8", 11n],
    ["2 + 3 * FOUR", 14n],
    ["!0 && (2 != 2 || 3 >= 3)", 1n],
    ["~0 & 0xff", 255n],
  ])("%s", (text, expected) => expect(evaluate(text, lookUp)).toBe(expected));

  test.each(["", "1 +", "(1", "1 2", "FIVE", "1 ? 2 : 3"])("rejects %j", (text) =>
    expect(() => evaluate(text, lookUp)).toThrow(SyntaxError),
  );
});

describe("preprocess", () => {
  const header = [
    "#define TWO 2 /* a comment */",
    "#define FOUR (TWO + \\",
    "  2)",
    "#if defined(WIDE) && FOUR == 4",
    "#define SIZE 64",
    "# if 0",
    "#  define SIZE 1",
    "# else",
    "int kept;",
    "# endif",
    "#elif defined WIDE",
    "#define SIZE 2",
    "#else",
    "#define SIZE 32",
    "#endif",
    "#ifndef UNKNOWN",
    "#define LIST(FN) FN(a), FN(b)",
    "#endif",
    "#undef TWO",
  ].join("\n");

  test.each([
    ["a condition that holds", { WIDE: "" }, 64n],
    ["a condition that does not", {}, 32n],
  ])("%s", (_name, predefined, size) =>
    expect(macroValue(preprocess(header, predefined).macros, "SIZE")).toBe(size),
  );

  test("keeps text, functions and what #undef leaves", () => {
    const found = preprocess(header, { WIDE: "" });
    expect(found.text.trim()).toBe("int kept;");
    expect(found.functions.get("LIST")).toBe("FN(a), FN(b)");
    expect(found.macros.has("TWO")).toBe(false);
  });
});

describe("helpers", () => {
  test.each([
    ["numbered by place", "#define __BPF_FUNC_MAPPER(FN) FN(unspec), FN(map_lookup_elem),"],
    [
      "numbered in the list",
      "#define ___BPF_FUNC_MAPPER(FN, ctx...) FN(unspec, 0, ##ctx) FN(map_lookup_elem, 1, ##ctx)",
    ],
  ])("%s", (_name, header) => expect(helperTable(preprocess(header))).toContain("mapLookupElem: 1,"));
});

test("a header without the enumerations is an error", () =>
  expect(() => bpfTables(preprocess(""))).toThrow("nothing found for BpfCmd"));

/** Another release's headers differ rightly, so only those the files were made from can be compared. */
const current = ((): { read: ReturnType<typeof headersIn> } | { skip: string } => {
  const read = headersIn("/usr/include");
  const committed = readFileSync(join(root, "src/core/bpf-uapi.ts"), "utf8");
  const made = /Linux ([0-9.]+)\. Do not edit/.exec(committed)?.[1];
  if (!existsSync("/usr/include/linux/bpf.h")) return { skip: "linux-libc-dev is not installed" };
  const installed = headersVersion(read);
  return installed === made
    ? { read }
    : { skip: `linux-libc-dev is ${installed}, the tables are from ${made}` };
})();

if ("skip" in current) test.skip(`the generated files are current: ${current.skip}`, () => {});
else
  test.each([...generate(current.read)])("%s is current", (path, text) =>
    expect(readFileSync(join(root, path), "utf8")).toBe(text),
  );
