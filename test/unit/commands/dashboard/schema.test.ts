/** What the dashboard prints is what docs/schema/dashboard.json says. */
import Ajv from "ajv/dist/2020";
import { parseAlert } from "../../../../src/commands/dashboard/alert-expression";
import { listReport } from "../../../../src/commands/dashboard/list";
import { alertReport, dashboardReport, type Row } from "../../../../src/commands/dashboard/report";
import { jsonRenderer, ndjsonRenderer } from "../../../../src/output/json";
import type { Report, RunInfo } from "../../../../src/output/report";
import { expectGolden } from "../../../golden/golden";
import { madeUpKernel } from "./made-up-kernel";
import { dashboardSchema } from "./shapes";

const ajv = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true });
ajv.addSchema(dashboardSchema(), "dashboard");

const at = new Date("2026-11-21T10:00:00.000Z");
const span = { startedAt: at, endedAt: at, durationNs: 1e9 };
const info: RunInfo = {
  tool: "bpfkit",
  version: "1.2.3",
  command: "dashboard",
  kernel: "6.6.6",
  startedAt: at,
};
const reading = { total: -5, count: 2, rate: 1.5, avg: 1, ewma: 1, min: 0, max: 2 };
const rows: readonly Row[] = [{ counter: "unclosed", unit: "events", reading, alerts: 1 }];
const options = (withAlerts: boolean) => ({ windowText: "10s", withAlerts, fired: 1, firing: ["x"] });

/** A report in both forms, parsed. */
function printed<R>(name: string, report: Report<R>) {
  const document: unknown = JSON.parse([...jsonRenderer(info, false).render(report)].join(""));
  const lines: unknown[] = [...ndjsonRenderer().render(report)].map((line) => JSON.parse(line));
  return [name, document, lines] as const;
}

const variants = [
  printed("counters", dashboardReport(rows, span, { missedRuns: 3 }, options(false))),
  printed(
    "counters",
    dashboardReport(rows, span, { missedRuns: 3 }, { ...options(false), cost: { runs: 7, ns: 900 } }),
  ),
  printed("withAlerts", dashboardReport(rows, span, { missedRuns: 0 }, options(true))),
  printed("list", listReport(madeUpKernel(), at)),
];
const alert = alertReport({ alert: parseAlert("opens > 5/s", ["opens"]), state: "fired", value: 6 }, span);

test("docs/schema/dashboard.json is the schema of all variants", () =>
  expectGolden("docs/schema/dashboard.json", `${JSON.stringify(dashboardSchema(), undefined, 2)}\n`));

test.each(variants)("%s: document and lines are as the schema says", (name, document, lines) => {
  expect(ajv.validate(`dashboard#/$defs/${name}`, document)).toBe(true);
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) {
    expect(ajv.validate(`dashboard#/$defs/${name}Line`, line)).toBe(true);
    expect(ajv.validate("dashboard#/$defs/line", line)).toBe(true);
  }
});

test("an alert is a line of its own", () => {
  const [line = ""] = ndjsonRenderer().render(alert);
  expect(ajv.validate("dashboard#/$defs/alertLine", JSON.parse(line))).toBe(true);
  expect(JSON.parse(line)).toMatchObject({ alert: "opens > 5/s", state: "fired", value: 6, limit: 5 });
});
