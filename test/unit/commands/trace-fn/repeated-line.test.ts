/** Whatever stood before it, a line is the one that a writer makes that has seen nothing else. */
import fc from "fast-check";
import { CallClock } from "../../../../src/commands/trace-fn/call-clock";
import { type CallWriter, longestLine } from "../../../../src/commands/trace-fn/call-writer";
import { csvWriter } from "../../../../src/commands/trace-fn/csv-writer";
import { lineWriter } from "../../../../src/commands/trace-fn/line-writer";
import { jsonWriter, ndjsonWriter } from "../../../../src/commands/trace-fn/ndjson-writer";
import type { ShownSite } from "../../../../src/commands/trace-fn/shown-site";
import type { Write } from "../../../../src/commands/trace-fn/value-writer";
import { ByteWriter } from "../../../../src/output/byte-writer";
import { formNamed, type Param } from "../../../../src/probes/calls/value-form";
import { type MadeUpCall, madeUpRecord, madeUpSite } from "./made-up-call";

const NOW = new Date("2026-11-21T03:16:28.250Z");
const SECOND = 1_000_000_000n;
const newClock = () => new CallClock(NOW, 5n * SECOND);
const param = (name: string, form: string): Param => ({ name, form: formNamed(form, "test") });

const read = madeUpSite([param("fd", "d"), param("buf", "x")], formNamed("i64", "test"), { name: "read" });
const open = madeUpSite([param("path", "str")], undefined, { name: "open" });
const sync = madeUpSite([], undefined, { name: "sync" });

const about = {
  // Forwards, and back where another processor was late; sometimes into another second.
  timeNs: fc
    .tuple(fc.constantFrom(0n, 0n, 0n, SECOND / 2n, SECOND), fc.bigInt(0n, 999n))
    .map(([second, ns]) => 5n * SECOND + second + ns),
  comm: fc.constantFrom("dd", "dd", "dd", "a,b"),
  pid: fc.constantFrom(12, 12, 12, 13),
};
const call = fc.oneof<fc.Arbitrary<readonly [ShownSite, MadeUpCall]>[]>(
  fc.tuple(
    fc.constant(read),
    fc.record({
      ...about,
      args: fc.tuple(fc.constantFrom(1n, 1n, -1n), fc.constantFrom(0x1000n, 0x1000n, 0x2000n)),
      durationNs: fc.constantFrom(0n, 1n, 2n ** 40n),
      result: fc.constantFrom(-2n, 0n, 1n),
    }),
  ),
  fc.tuple(
    fc.constant(open),
    fc.record({ ...about, args: fc.tuple(fc.constantFrom("/a", "/a", "/b", null)) }),
  ),
  fc.tuple(fc.constant(sync), fc.record({ ...about, args: fc.constant([]) })),
);

const writers: readonly [string, (sites: readonly ShownSite[], clock: CallClock) => CallWriter][] = [
  ["csv", csvWriter],
  ["lines", lineWriter],
  ["ndjson", ndjsonWriter],
  ["json", (sites, clock) => jsonWriter(sites, clock, {})],
];

test.each(writers)("%s", (_name, create) => {
  // With results, lines have a column between the head and the call; without, nothing.
  const groups = [
    [read, open, sync],
    [open, sync],
  ];
  const line = (write: Write, site: ShownSite, record: DataView) => {
    const out = new ByteWriter(longestLine([site]));
    write(out, record, 0);
    // In a document of JSON there is something between calls.
    return Buffer.from(out.take()).toString().trim().replace(/^,\s*/, "");
  };
  fc.assert(
    fc.property(
      fc.array(call, { minLength: 2, maxLength: 60 }),
      fc.constantFrom(...groups),
      (calls, sites) => {
        const writer = create(sites, newClock());
        const known = new Map(sites.map((site) => [site, writer.writerOf(site)]));
        for (const [site, made] of calls) {
          const write = known.get(site);
          if (write === undefined) continue;
          const record = madeUpRecord(site, made);
          const alone = create(sites, newClock()).writerOf(site);
          expect(line(write, site, record)).toBe(line(alone, site, record));
        }
      },
    ),
    { numRuns: 300 },
  );
});
