import type { Context } from "../../../../src/commands/context";
import type { EventRow } from "../../../../src/commands/proc-count/event-rows";
import { createSink } from "../../../../src/commands/proc-count/event-sinks";
import type { Options } from "../../../../src/commands/proc-count/options";
import type { Report } from "../../../../src/output/report";

const SPAN = { startedAt: new Date(0), endedAt: new Date(1000), durationNs: 1e9 };

/** Hands seven different rows to the sink of these options, and returns its report and losses. */
async function sevenRows(given: Partial<Options>, event: EventRow["event"]) {
  const reports: Report<unknown>[] = [];
  const report = async (one: Report<unknown>) => void reports.push(one);
  const context = { format: "json", output: { report } } as unknown as Context;
  const sink = createSink(context, { top: 20, ...given } as Options, given.maxEntries ?? 100);
  await sink.begin();
  const base = { time: SPAN.startedAt.toISOString(), event, pid: 1, uid: 0, user: "root", comm: "x" };
  await sink.rows(
    Array.from({ length: 7 }, (_, i): EventRow => {
      const name = String(i);
      return { ...base, args: [name], path: name, errno: "ENOENT", exitCode: 1 };
    }),
  );
  const lost = sink.lost?.() ?? {};
  await sink.end(SPAN, lost);
  return { rows: reports[0]!.rows.length, lost };
}

describe("--max-entries bounds what is kept, and what is not kept is counted", () => {
  test.each([
    ["a document of events", { events: true }, "exec"],
    ["failed attempts", { failed: true }, "failed"],
    ["command lines that flap", { flapping: 0 }, "exit"],
  ] as const)("%s", async (_name, given, event) => {
    expect(await sevenRows({ ...given, maxEntries: 3 }, event)).toEqual({ rows: 3, lost: { mapFull: 4 } });
    expect(await sevenRows(given, event)).toEqual({ rows: 7, lost: { mapFull: 0 } });
  });
});
