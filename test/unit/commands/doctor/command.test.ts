import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv/dist/2020";
import { doctor } from "../../../../src/commands/doctor/command";
import { examine } from "../../../../src/commands/doctor/examine";
import { sectionReports, wholeReport } from "../../../../src/commands/doctor/report";
import type { DoctorRow } from "../../../../src/commands/doctor/row";
import { NotSupportedError } from "../../../../src/core/errors";
import { createPaint } from "../../../../src/output/color";
import { jsonRenderer } from "../../../../src/output/json";
import { tableLines } from "../../../../src/output/table";
import { root } from "../../../root";
import { fakeContext } from "../fake-context";
import { fakeFiles } from "./fake-files";

const at = new Date(0);
const examination = { startedAt: at, endedAt: at, durationNs: 5 };
const broken = () => {
  throw new NotSupportedError("darwin on x64: not supported");
};

test("where nothing can be asked there still is a row for everything", () => {
  const rows = examine({ files: fakeFiles({}), facts: broken, kernel: broken });
  expect(rows.find(({ name }) => name === "fentry")).toMatchObject({
    state: "inconclusive",
    detail: "darwin on x64: not supported",
  });
  expect(rows.find(({ name }) => name === "syscall-top")).toMatchObject({ state: "inconclusive" });
  expect(rows.find(({ name }) => name === "doctor")).toMatchObject({ state: "works" });
});

test("as a table: a report for each section", async () => {
  const { context, output } = fakeContext({ facts: broken, kernel: broken });
  await doctor.run(context, {} as never, []);
  expect(output.reports.map(({ columns }) => columns[0]?.title)).toEqual([
    ..."kernel rights mounts sysctls btf maps programs hooks instructions helpers others commands".split(" "),
  ]);
});

test("as JSON: one report, as its schema has it", async () => {
  const { context, output } = fakeContext({ facts: broken, kernel: broken, format: "json" });
  await doctor.run(context, {} as never, []);
  expect(output.reports).toHaveLength(1);
  const info = {
    tool: "bpfkit",
    version: "1.2.3",
    command: "doctor",
    kernel: "6.1.0",
    startedAt: at,
  } as const;
  const text = [...jsonRenderer(info, false).render(output.reports[0]!)].join("");
  const schema = JSON.parse(readFileSync(join(root, "docs/schema/doctor.json"), "utf8"));
  const validate = new Ajv({ strict: true, validateFormats: false }).compile(schema);
  validate(JSON.parse(text));
  expect(validate.errors).toBeNull();
  const damaged = { ...JSON.parse(text), rows: [{ section: "maps", name: "hash", state: "perhaps" }] };
  expect(validate(damaged)).toBe(false);
});

const rows: DoctorRow[] = [
  {
    section: "mounts",
    name: "tracefs",
    state: "missing",
    title: "t",
    detail: "not mounted",
    remedy: "mount it",
  },
  { section: "maps", name: "hash", state: "available", title: "Hash", detail: "", since: "3.19" },
  { section: "maps", name: "queue", state: "missing", title: "Queue", detail: "EINVAL", since: "4.20" },
  {
    section: "maps",
    name: "stack",
    state: "denied",
    title: "Stack",
    detail: "EPERM",
    since: "4.20",
    remedy: "sudo",
  },
  {
    section: "maps",
    name: "array",
    state: "denied",
    title: "Array",
    detail: "EPERM",
    since: "3.19",
    remedy: "sudo",
  },
  {
    section: "commands",
    name: "x",
    state: "fails",
    title: "Do x",
    detail: "no hash",
    remedy: "sudo x\nor else",
  },
];

function shown(index: number): string[] {
  const report = sectionReports(rows, examination)[index]!;
  const { head, body, foot } = tableLines(report, { width: 80, ascii: false }, createPaint(false));
  return [head, ...body, ...foot];
}

test("facts have their remedies below", () =>
  expect(shown(0)).toEqual([
    "MOUNTS   STATE    FOUND",
    "tracefs  missing  not mounted",
    "tracefs: mend it with: mount it",
  ]));
test("features have their reasons below, each once", () =>
  expect(shown(1)).toEqual([
    "MAPS   STATE      WHAT",
    "hash   available  Hash",
    "queue  missing    Queue",
    "stack  denied     Stack",
    "array  denied     Array",
    "queue: EINVAL; in Linux since 4.20",
    "stack, array: EPERM",
  ]));
test("commands have both", () =>
  expect(shown(2)).toEqual([
    "COMMANDS  STATE  WHAT",
    "x         fails  Do x",
    "x: no hash",
    "x: mend it with: sudo x",
    "  or: or else",
  ]));
test("totals count the states", () =>
  expect(wholeReport(rows, examination).totals).toMatchObject({
    available: 1,
    missing: 2,
    denied: 2,
    fails: 1,
    works: 0,
  }));
