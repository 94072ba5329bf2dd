/** `--list`: the counters, and which of them this kernel has. */
import type { KernelFacts } from "../../bpf/facts";
import type { Column, Report } from "../../output/report";
import { type CounterName, counters, unclosed } from "./counters";
import { unavailable } from "./probe";
import { allNames } from "./selection";

interface Listed {
  readonly counter: string;
  readonly unit: string;
  readonly tracepoint: string;
  readonly help: string;
}

function listed(name: string, facts: KernelFacts): Listed {
  if (name === unclosed.name)
    return {
      counter: name,
      unit: unclosed.unit,
      tracepoint: counters[unclosed.plus].source,
      help: unclosed.help,
    };
  const { unit, source, help } = counters[name as CounterName];
  const reason = unavailable(name as CounterName, facts);
  return { counter: name, unit, tracepoint: source, help: reason === undefined ? help : `(${reason})` };
}

const column = (key: keyof Listed, shrink?: "end"): Column<Listed> => ({
  title: key === "help" ? "what it counts" : key,
  key: key === "help" ? "what" : key,
  text: (row) => row[key],
  json: (row) => row[key],
  ...(shrink === undefined ? {} : { shrink }),
});

/** All counters. */
export function listReport(facts: KernelFacts, now: Date): Report<Listed> {
  return {
    startedAt: now,
    endedAt: now,
    durationNs: 0,
    columns: [column("counter"), column("unit"), column("tracepoint"), column("help")],
    rows: allNames.map((name) => listed(name, facts)),
    totals: { rows: allNames.length },
    footer: [],
    lost: {},
  };
}
