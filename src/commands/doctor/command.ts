/** doctor: tells what this kernel and these rights allow, which commands will work, and what would mend the rest. */
import { defineCommand } from "../command";
import { outputOptions } from "../output-options";
import { examine } from "./examine";
import { thisFiles } from "./reading";
import { sectionReports, wholeReport } from "./report";

export const doctor = defineCommand({
  name: "doctor",
  summary: "Tell what this kernel allows and which commands will work",
  description:
    "Tries every feature of the kernel that bpfkit can use, for a moment, and leaves nothing behind. Runs without\n" +
    "rights too, and then says what it could not find out.",
  options: { ...outputOptions(["table", "json", "ndjson", "csv"]) },
  examples: [
    ["doctor", "what works here, and what would mend the rest"],
    ["doctor --json", "the same for a program to read"],
  ],
  async run({ kernel, facts, output, format, clock }) {
    const startedAt = clock.now();
    const startNs = clock.monotonicNs();
    const rows = examine({ files: thisFiles, kernel, facts });
    const durationNs = Number(clock.monotonicNs() - startNs);
    const examination = { startedAt, endedAt: clock.now(), durationNs };
    if (format !== "table") {
      await output.report(wholeReport(rows, examination));
      return undefined;
    }
    for (const report of sectionReports(rows, examination)) await output.report(report);
    return undefined;
  },
});
