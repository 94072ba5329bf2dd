/**
 * The options that choose what is traced: the same letters with the same meaning in every command. A value that
 * names nothing on this machine is refused here, before anything is attached.
 */
import { NotSupportedError, UsageError } from "../core/errors";
import { didYouMean } from "../core/suggest";
import type { Cgroup } from "../symbols/cgroups";
import { type ContainerCgroup, containersIn } from "../symbols/containers";
import { parseCpuList } from "../sys/cpus";
import type { OptionSpecs } from "./command";
import type { Machine } from "./machine";

/** A command name as the kernel keeps it (15 bytes), exact or the beginning of it. */
export interface CommPattern {
  readonly text: string;
  readonly prefix: boolean;
}

/** The cgroup of a container. */
export interface ContainerFilter extends Cgroup {
  readonly container: ContainerCgroup;
}

const group = "Filters";

/** Everything to filter by; a command takes all of it or picks single ones. */
export const filterOptions = {
  pid: { flags: "-p, --pid <list>", help: "these processes only", parse: parsePids, collect: joined, group },
  tid: { flags: "-t, --tid <list>", help: "these threads only", parse: parseTids, collect: joined, group },
  uid: { flags: "-u, --uid <user>", help: "this user's only, by name or number", parse: parseUser, group },
  comm: {
    flags: "--comm <name>",
    help: "this command name only; a trailing * stands for any ending",
    parse: parseComm,
    group,
  },
  cgroup: {
    flags: "-c, --cgroup <path>",
    help: "this cgroup v2 directory only, and all below it",
    parse: parseCgroup,
    conflicts: ["container"],
    group,
  },
  container: {
    flags: "--container <id>",
    help: "this container only, by the beginning of its id, or by its name where the cgroup has it",
    parse: parseContainer,
    group,
  },
  cpu: { flags: "-C, --cpu <list>", help: "these processors only: 0,2-3", parse: parseCpus, group },
} as const satisfies OptionSpecs;

/** Process ids, each of a process that exists. */
export function parsePids(text: string, machine: Machine, option = "pid"): readonly number[] {
  return numbers(option, text).map((pid) => {
    const process = machine.processOf(pid);
    if (process === undefined) throw new UsageError(`${option}: no process ${pid}`);
    if (process !== pid) {
      const hint = `use "-t ${pid}" for the thread, "-p ${process}" for the whole process`;
      throw new UsageError(`${option}: ${pid} is a thread of process ${process}`, { hint });
    }
    return pid;
  });
}

/** Thread ids, each of a thread that exists. */
export function parseTids(text: string, machine: Machine): readonly number[] {
  return numbers("tid", text).map((tid) => {
    if (machine.processOf(tid) === undefined) throw new UsageError(`tid: no thread ${tid}`);
    return tid;
  });
}

/** A user's number. A number needs no entry among the users: containers have such. */
export function parseUser(text: string, machine: Machine): number {
  if (/^\d+$/.test(text)) {
    // 2^32 − 1 is (uid_t)−1, which the kernel keeps for "no user".
    if (Number(text) >= 0xffff_ffff) throw new UsageError(`uid: ${text} is not below ${0xffff_ffff}`);
    return Number(text);
  }
  const users = machine.users();
  const id = users.idOf(text);
  if (id === undefined)
    throw new UsageError(`uid: no user "${text}"`, { hint: didYouMean(text, users.names) });
  return id;
}

/** TASK_COMM_LEN without the closing zero (include/linux/sched.h). */
const COMM_BYTES = 15;

/** A command name of at most 15 bytes, or the beginning of one before a `*`. */
export function parseComm(text: string): CommPattern {
  const prefix = text.endsWith("*");
  const name = prefix ? text.slice(0, -1) : text;
  const bytes = Buffer.byteLength(name);
  if (name === "") throw new UsageError(`comm: "${text}" names no command`);
  if (bytes > COMM_BYTES) {
    throw new UsageError(`comm: "${name}" has ${bytes} bytes, the kernel keeps ${COMM_BYTES}`, {
      hint: `use "${clipped(name)}"`,
    });
  }
  if (name.includes("*")) throw new UsageError(`comm: "${text}" has a "*" that is not at its end`);
  return { text: name, prefix };
}

/** A directory of the cgroup v2 tree, named absolutely or from its mount on. */
export function parseCgroup(text: string, machine: Machine): Cgroup {
  const mount = mountOf("cgroup", machine);
  const cgroup = machine.cgroup(text);
  if (cgroup === undefined) {
    const known = didYouMean(text, machine.cgroupPaths());
    const hint = `cgroup v2 is mounted at "${mount}"${known === undefined ? "" : `\n${known}`}`;
    throw new UsageError(`cgroup: no cgroup "${text}"`, { hint });
  }
  return cgroup;
}

/** The container whose id begins with `text`, or that has this name. */
export function parseContainer(text: string, machine: Machine): ContainerFilter {
  mountOf("container", machine);
  const containers = containersIn(machine.cgroupPaths());
  const exact = containers.filter(({ id }) => id === text);
  const matches =
    exact.length > 0 ? exact : containers.filter(({ id }) => text !== "" && id.startsWith(text));
  const [container] = matches;
  if (container === undefined) {
    const hint = `${listOf(containers)}\ndocker and podman: "inspect --format {{.Id}} NAME" gives the id of a name`;
    throw new UsageError(`container: no cgroup of a container "${text}"`, { hint });
  }
  if (matches.length > 1) {
    throw new UsageError(`container: "${text}" is the beginning of ${matches.length} ids`, {
      hint: listOf(matches),
    });
  }
  const cgroup = machine.cgroup(container.path);
  if (cgroup === undefined) throw new UsageError(`container: "${text}" has just ended`);
  return { ...cgroup, container };
}

/** NR_CPUS is at most this in any configuration of the kernel (arch/x86/Kconfig, MAXSMP). */
const MAX_CPUS = 8192;

/** Processors out of those the kernel may use. */
export function parseCpus(text: string, machine: Machine): readonly number[] {
  const tooHigh = text.match(/\d+/g)?.find((digits) => Number(digits) >= MAX_CPUS);
  const asked = tooHigh === undefined ? parseCpuList(text) : [Number(tooHigh)];
  const possible = machine.possibleCpus();
  const missing =
    possible === undefined ? tooHigh && Number(tooHigh) : asked.find((cpu) => !possible.includes(cpu));
  if (missing !== undefined) {
    const range = possible === undefined ? "" : `, there are ${possible.at(0)} to ${possible.at(-1)}`;
    throw new UsageError(`cpu: no processor ${missing}${range}`);
  }
  return asked;
}

function numbers(option: string, text: string): number[] {
  return text.split(",").map((part) => {
    if (!/^\d{1,10}$/.test(part) || Number(part) === 0) {
      throw new UsageError(`${option}: "${text}" is not a list of numbers such as 12,345`);
    }
    return Number(part);
  });
}

function joined(earlier: readonly number[], later: readonly number[]): readonly number[] {
  return [...new Set([...earlier, ...later])];
}

/** Where cgroup v2 is mounted. Throws a NotSupportedError that names the option which needs it. */
export function mountOf(option: string, machine: Machine): string {
  const mount = machine.cgroupMount();
  if (mount !== undefined) return mount;
  const hint = 'mount it: "mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 none /sys/fs/cgroup/unified"';
  throw new NotSupportedError(`${option}: cgroup v2 is not mounted`, { hint });
}

function clipped(name: string): string {
  let short = name;
  while (Buffer.byteLength(short) > COMM_BYTES) short = [...short].slice(0, -1).join("");
  return short;
}

const LISTED = 8;

function listOf(containers: readonly ContainerCgroup[]): string {
  if (containers.length === 0) return "no container has a cgroup here";
  const names = containers.slice(0, LISTED).map(({ id, runtime }) => `${id.slice(0, 12)} (${runtime})`);
  const more = containers.length > LISTED ? ` and ${containers.length - LISTED} more` : "";
  return `containers here: ${names.join(", ")}${more}`;
}
