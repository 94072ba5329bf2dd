import type { Command, CommandEntry } from "./command";

/** Every command. Nothing of a command is loaded before it is chosen, so the summaries stand here too. */
export const commands: readonly CommandEntry[] = [
  {
    name: "syscall-top",
    summary: "Rank system calls by count, time or errors",
    example: "syscall-top -d 5",
    load: (): Command => require("./syscall-top/command").syscallTop,
  },
  {
    name: "proc-count",
    summary: "Count who executes what, and what it costs",
    example: "proc-count --cost -- make -j8",
    load: (): Command => require("./proc-count/command").procCount,
  },
  {
    name: "trace-fn",
    summary: "Trace calls with arguments, results and times",
    example: "trace-fn s:openat -- ls",
    load: (): Command => require("./trace-fn/command").traceFn,
  },
  {
    name: "stack-profile",
    summary: "Show where the time goes, on the processor and off it",
    example: "stack-profile -d 10",
    load: (): Command => require("./stack-profile/command").stackProfile,
  },
  {
    name: "dashboard",
    summary: "Show event counters live, with rates, averages and alerts",
    example: "dashboard",
    load: (): Command => require("./dashboard/command").dashboard,
  },
  {
    name: "doctor",
    summary: "Tell what this kernel allows and which commands will work",
    example: "doctor",
    load: (): Command => require("./doctor/command").doctor,
  },
];
