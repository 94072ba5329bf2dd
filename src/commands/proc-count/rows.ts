/** From groups of the kernel's to rows a person understands. Pure. */
import { constants } from "node:os";
import { nameOf } from "../../probes/exec-group-reader";
import { type GroupParts, GroupWord, SIGNALS } from "../../probes/exec-groups";
import { type ArgsValue, type ExecDimension, type ExecKey, NOT_CAPTURED } from "../../probes/exec-key";
import { type TaskFigure, taskFigures } from "../../probes/task-cost";
import { containerName } from "../../symbols/containers";

/** What a row is about. Labels that the grouping does not have are undefined. */
export interface Labels {
  readonly pid?: number;
  readonly ppid?: number;
  readonly comm?: string;
  readonly exe?: string;
  readonly args?: readonly string[];
  readonly argsCut?: boolean;
  readonly parent?: string;
  readonly uid?: number;
  readonly user?: string;
  readonly cgroup?: string;
  readonly container?: string;
}

/** A row: what it is about, and its figures. */
export interface ExecRow extends Labels, Readonly<Record<TaskFigure, number>> {
  readonly count: number;
  readonly forks: number;
  readonly exits: number;
  readonly failed: number;
  readonly killed: number;
  /** How many each signal ended, by name. */
  readonly signals: Readonly<Record<string, number>>;
  readonly running: number;
  readonly wallNs: number;
  readonly maxRssBytes: number;
}

/** How the kernel's numbers are named. */
export interface Names {
  /** The name of a living process whose name was not noted. */
  task(id: number): string | undefined;
  user(id: number): string | undefined;
  /** The path of a cgroup; undefined when it is gone. */
  cgroup(id: bigint): string | undefined;
}

/** The figures of one group, as numbers. */
type Figures = Omit<ExecRow, keyof Labels>;

/** A group in which the wall time is settled. */
export interface CountedGroup {
  readonly key: ExecKey;
  readonly words: BigUint64Array;
}

/** The rows of a reading, in no order. Groups that get the same labels become one row. */
export function rowsOf(
  entries: readonly CountedGroup[],
  by: readonly ExecDimension[],
  parts: GroupParts,
  names: Names,
  pageSize: number,
): ExecRow[] {
  const rows = new Map<string, { labels: Labels; figures: Figures }>();
  for (const { key, words } of entries) {
    const figures = figuresOf(words, parts, pageSize);
    if (isEmpty(figures)) continue;
    const noted = nameOf(words, parts);
    const labels: Labels = Object.assign({}, ...by.map((dimension) => label(dimension, key, noted, names)));
    const identity = JSON.stringify(labels);
    const known = rows.get(identity);
    rows.set(identity, { labels, figures: known === undefined ? figures : merge(known.figures, figures) });
  }
  return [...rows.values()].map(({ labels, figures }) => ({ ...labels, ...figures }));
}

function isEmpty({ count, exits, forks, cpuNs, running }: Figures): boolean {
  return count === 0 && exits === 0 && forks === 0 && cpuNs === 0 && running === 0;
}

function label(dimension: ExecDimension, key: ExecKey, noted: string | undefined, names: Names): Labels {
  switch (dimension) {
    case "pid": {
      const pid = key.pid ?? 0;
      return { pid, comm: noted || (names.task(pid) ?? "?") };
    }
    case "ppid":
      return { ppid: key.ppid ?? 0 };
    case "comm":
      return { comm: key.comm ?? "" };
    case "exe":
      return { exe: key.exe || "?" };
    case "args":
      return argsLabels(key.args ?? { length: 0, text: "", kept: 0 });
    case "parent":
      return { parent: key.parent ?? "" };
    case "uid": {
      const uid = key.uid ?? 0;
      return { uid, user: names.user(uid) ?? String(uid) };
    }
    case "cgroup":
      return { cgroup: names.cgroup(key.cgroup ?? 0n) ?? `(gone, id ${key.cgroup})` };
    case "container":
      return { container: containerName(names.cgroup(key.cgroup ?? 0n), key.cgroup ?? 0n) };
  }
}

/** The words of a command line; of a process that was started before, its name in brackets. */
export function argsLabels({ length, text, kept }: ArgsValue): { args: string[]; argsCut: boolean } {
  if (length === NOT_CAPTURED) return { args: [`[${text.slice(0, text.indexOf("\0"))}]`], argsCut: false };
  const argsCut = length > kept;
  const words = text.split("\0");
  // Each word is closed by a NUL, the last one unless it was cut.
  if (!argsCut && words.at(-1) === "") words.pop();
  return { args: words, argsCut };
}

const SIGNAL_NAMES = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

function figuresOf(words: BigUint64Array, { cost }: GroupParts, pageSize: number): Figures {
  const at = (index: number) => (cost ? Number(BigInt.asIntN(64, words[index] ?? 0n)) : 0);
  const figure = (name: TaskFigure) => Math.max(0, at(GroupWord.figures + taskFigures.indexOf(name)));
  const cpuNs = figure("cpuNs");
  return {
    ...(Object.fromEntries(taskFigures.map((name) => [name, figure(name)])) as Record<TaskFigure, number>),
    ...divided(cpuNs, figure("userNs"), figure("systemNs")),
    count: Number(words[GroupWord.execs]),
    forks: at(GroupWord.forks),
    exits: at(GroupWord.exits),
    failed: at(GroupWord.failed),
    killed: at(GroupWord.signaled),
    signals: signalsOf(at),
    running: at(GroupWord.alive),
    wallNs: Math.max(0, at(GroupWord.wallNs)),
    maxRssBytes: at(GroupWord.maxRssPages) * pageSize,
  };
}

function signalsOf(at: (index: number) => number): Record<string, number> {
  const signals: Record<string, number> = {};
  for (let signal = 0; signal < SIGNALS; signal++) {
    const count = at(GroupWord.signals + signal);
    if (count > 0) signals[signal === 0 ? "real-time" : (SIGNAL_NAMES.get(signal) ?? String(signal))] = count;
  }
  return signals;
}

/** The exact time, divided as the ticks saw it: what the kernel shows of a process (cputime_adjust). */
export function divided(cpuNs: number, userTicks: number, systemTicks: number) {
  if (systemTicks === 0) return { userNs: cpuNs, systemNs: 0 };
  const systemNs = Math.round((cpuNs * systemTicks) / (userTicks + systemTicks));
  return { userNs: cpuNs - systemNs, systemNs };
}

/** The figures of two rows under the labels of the first. */
export function mergeRows(a: ExecRow, b: ExecRow): ExecRow {
  const { pid, ppid, uid } = a;
  const numbers = { ...(pid === undefined ? {} : { pid }), ...(ppid === undefined ? {} : { ppid }) };
  return { ...a, ...merge(a, b), ...numbers, ...(uid === undefined ? {} : { uid }) };
}

function merge(a: Figures, b: Figures): Figures {
  const sum = Object.fromEntries(
    Object.entries(a).map(([name, value]) =>
      typeof value === "number" ? [name, value + (b[name as keyof Figures] as number)] : [name, value],
    ),
  ) as unknown as Figures;
  const signals = { ...a.signals };
  for (const [name, count] of Object.entries(b.signals)) signals[name] = (signals[name] ?? 0) + count;
  return { ...sum, signals, maxRssBytes: Math.max(a.maxRssBytes, b.maxRssBytes) };
}
