/** bpfkit with commands that need no kernel, for the tests of everything around commands. */
import { constants } from "node:os";
import { defineCommand } from "../../src/commands/command";
import { filterOptions } from "../../src/commands/filter-options";
import { intervals } from "../../src/commands/intervals";
import {
  liveOption,
  outputOptions,
  programOptions,
  rowOptions,
  timestampOptions,
} from "../../src/commands/output-options";
import { timingOptions } from "../../src/commands/timing-options";
import { NotSupportedError, PermissionError, SyscallError, VerifierError } from "../../src/core/errors";
import { reportFormats } from "../../src/output/format";
import type { Report } from "../../src/output/report";

const COLUMNS = ["count", "name"] as const;

/** A report of one row. */
function report(count: number, lost: number): Report<number> {
  const startedAt = new Date(0);
  return {
    startedAt,
    endedAt: startedAt,
    durationNs: 0,
    columns: [
      { title: "count", key: "count", align: "right", text: (row) => String(row), json: (row) => row },
    ],
    rows: [count],
    totals: { count },
    footer: [],
    lost: { mapFull: lost },
  };
}

/** Counts intervals; `ready` on stderr once it runs. */
const count = defineCommand({
  name: "count",
  summary: "Count intervals",
  takesCommand: true,
  options: {
    ...filterOptions,
    ...timingOptions,
    ...rowOptions(COLUMNS, { top: 15, sort: "count" }),
    ...outputOptions([...reportFormats, "folded"]),
    ...timestampOptions,
    ...liveOption,
    ...programOptions,
    lost: { flags: "--lost <n>", help: "pretend to lose this many", parse: Number, default: 0 },
    showOptions: { flags: "--show-options", help: "print the options" },
    spin: { flags: "--spin", help: "never return, even when told to" },
  },
  endings: { ".folded": "folded" },
  examples: [["count -i 1", "count seconds"]],
  async run(context, options) {
    if (options.showOptions) {
      const text = JSON.stringify(options, (_key, value) =>
        typeof value === "bigint" ? `${value}n` : value,
      );
      await context.print(`${text}\n`);
      return;
    }
    if (context.format === "folded") {
      await context.print("main;count 1\n");
      return;
    }
    context.tracee?.start();
    context.detail(`pid ${context.pid}.`);
    context.notice("ready");
    let seen = 0;
    for await (const { last } of intervals(
      context.clock,
      { intervalNs: options.interval, durationNs: options.duration },
      context.signal,
    )) {
      seen++;
      if (last || options.interval !== undefined) await context.output.report(report(seen, options.lost));
    }
    if (options.spin) context.notice("spinning");
    while (options.spin) await context.clock.sleep(1e9, new AbortController().signal);
    return { lost: options.lost };
  },
});

const faults: Record<string, () => unknown> = {
  bug: () => new RangeError("of course not"),
  failed: () => new SyscallError("read map", constants.errno.EBADF),
  missing: () => new NotSupportedError('feature "x": needs Linux 9.9'),
  permission: () => new PermissionError("load: EPERM", { hint: 'run "sudo bpfkit"' }),
  verifier: () =>
    new VerifierError('load program "p": EACCES: R6 !read_ok', ["0: (b7) r0 = 0", "R6 !read_ok"], {
      cause: new SyscallError("bpf(PROG_LOAD)", constants.errno.EACCES),
    }),
};

/** Fails in the way it is told to. */
const fail = defineCommand({
  name: "fail",
  summary: "Fail",
  options: {
    late: { flags: "--late", help: "outside of run" },
  },
  argument: { syntax: "<how>", help: "which error" },
  examples: [],
  async run(context, { late }, [how = ""]) {
    const error = faults[how]?.();
    if (!late) throw error;
    setImmediate(() => {
      throw error;
    });
    await context.clock.sleep(60e9, context.signal);
    return undefined;
  },
});

/** The commands of the fake. */
export const fakeCommands = [count, fail].map((command) => ({
  name: command.name,
  summary: command.summary,
  example: `${command.name} -d 5`,
  load: () => command,
}));
