import { assemble } from "../../../../src/asm/assemble";
import { listing } from "../../../../src/asm/disassemble";
import type { Btf } from "../../../../src/bpf/btf/btf";
import type { KernelFacts } from "../../../../src/bpf/facts";
import { dumpOf } from "../../../../src/commands/open-probe";
import { eventsProbe } from "../../../../src/commands/proc-count/events-probe";
import { procCountProbe } from "../../../../src/commands/proc-count/probe";
import type { ExecDimension } from "../../../../src/probes/exec-key";
import { expectGolden } from "../../../golden/golden";

/** Members of four bytes; all others have eight. */
const NARROW =
  /\.(pid|tgid|flags|__state|exit_code|uid\.val|level|live\.counter|group_exit_code|nr|ns\.inum)$/;

/** Offsets of no particular kernel, different for each member: listings made with them are the same everywhere. */
function madeUpBtf(exitArguments: number): Btf {
  // A struct upid lies on the stack.
  const offsets = new Map([
    ["upid.nr", 0],
    ["upid.ns", 8],
  ]);
  const member = (type: string | number, path: string) => {
    const name = `${type}.${path}`;
    if (name === "cgroup.ancestor_ids" || name === "task_struct.state") return undefined;
    if (!offsets.has(name)) offsets.set(name, 16 * (offsets.size - 1));
    const size = name === "mm_struct.rss_stat" ? 160 : NARROW.test(name) ? 4 : 8;
    return { offset: offsets.get(name) as number, size, type: 1 };
  };
  const btf = {
    member,
    requireMember: member,
    resolve: () => ({ kind: "array" }),
    rawTracepoint: () => ({
      id: 1,
      params: Array.from({ length: exitArguments }, () => ({ name: "", type: 0 })),
    }),
  };
  return btf as unknown as Btf;
}

function facts(exitArguments = 2, release = 6): KernelFacts {
  const types = madeUpBtf(exitArguments);
  return {
    arch: "x64",
    release: "made-up",
    possibleCpus: 2,
    isAtLeast: (major) => major <= release,
    btf: () => types,
    pidNamespace: undefined,
    permissionHint: () => "",
  };
}

const base = {
  by: ["comm"] as readonly ExecDimension[],
  cost: false,
  store: "hash" as const,
  maxEntries: 100,
  argsSize: 64,
  filter: {},
  cgroup: undefined,
  follow: false,
  ourselves: { pid: 77, level: 0 },
  reset: false,
};

test.each([
  ["counts", base, facts()],
  ["command", { ...base, follow: true }, facts()],
  ["by-pid-args-lru", { ...base, by: ["pid", "args"] as const, store: "lru" as const }, facts()],
  ["by-pid-reset", { ...base, by: ["pid"] as const, reset: true }, facts()],
  ["cost", { ...base, cost: true }, facts()],
  ["cost-before-6", { ...base, cost: true, filter: { uid: 5 } }, facts(1, 4)],
])("listing: %s", (name, options, on) =>
  expectGolden(`test/golden/proc-count/${name}.lst`, dumpOf(procCountProbe(options, on).spec)),
);

const inNamespace = { pidNamespace: { device: 4n, inode: 0xf000_0001n } };

test("listing: the walks over all threads, in a namespace and with filters", () => {
  const options = { ...base, by: ["pid", "parent"] as const, cost: true, ourselves: { pid: 77, level: 2 } };
  const filter = { pids: [5, 6], comm: "gcc" };
  const { cost } = procCountProbe({ ...options, filter, cgroup: 99n }, { ...facts(), ...inNamespace });
  const text = [cost!.begin, cost!.settle].map(({ name, code }) => `; ${name}\n${listing(assemble(code))}`);
  expectGolden("test/golden/proc-count/walks.lst", text.join("\n"));
});

test("listing: events", () => {
  const options = { ...base, execs: true, exits: true, failed: false, exe: false };
  expectGolden("test/golden/proc-count/events.lst", dumpOf(eventsProbe(options, facts()).spec));
});

test.each([
  ["failed", facts()],
  ["failed-on-arm64-in-namespace", { ...facts(), arch: "arm64" as const, ...inNamespace }],
])("listing: %s", (name, on) => {
  const options = { ...base, execs: false, exits: false, failed: true, exe: false };
  expectGolden(`test/golden/proc-count/${name}.lst`, dumpOf(eventsProbe(options, on).spec));
});

test("without BTF it says so", () => {
  const without = { ...facts(), btf: () => undefined };
  expect(() => procCountProbe(base, without)).toThrow("proc-count: needs BTF");
});

test("the same options and facts give the same programs", () => {
  const listing = () => dumpOf(procCountProbe({ ...base, cost: true, by: ["exe"] }, facts()).spec);
  expect(listing()).toBe(listing());
});
