import { assemble } from "../../../../src/asm/assemble";
import type { KernelFacts } from "../../../../src/bpf/facts";
import { dumpOf } from "../../../../src/commands/open-probe";
import { maxEntriesOf, storeOf } from "../../../../src/commands/syscall-top/options";
import {
  countsFailuresOnly,
  indexedDimension,
  type ProbeOptions,
  syscallTopProbe,
} from "../../../../src/commands/syscall-top/probe";
import { nativeAbi } from "../../../../src/symbols/syscalls";
import { selectSyscalls } from "../../../../src/symbols/syscalls/select";
import { expectGolden } from "../../../golden/golden";
import { madeUpFacts } from "./made-up-facts";

type Given = Partial<ProbeOptions> & { readonly select?: string };

function probeOf({ select, ...given }: Given, facts: KernelFacts) {
  const by = given.by ?? ["syscall"];
  const latency = given.latency ?? false;
  return syscallTopProbe(
    {
      by,
      latency,
      errors: false,
      failedOnly: false,
      inFlight: false,
      filter: {},
      follow: false,
      store: storeOf({ map: undefined, by }),
      maxEntries: maxEntriesOf({ maxEntries: undefined, latency }),
      ourselves: { pid: 4242, code: [0, 127, 2047] },
      ...(select === undefined ? {} : { selection: selectSyscalls(select, nativeAbi(facts.arch)) }),
      ...given,
    },
    facts,
  );
}

const NAMESPACE = { pidNamespace: { device: 4n, inode: 4026532001n } };
const EVERY_FILTER = {
  pids: [12, 345],
  tids: [12, 67],
  uid: 1815,
  comm: "nginx*",
  cgroup: "/cg/system.slice",
  cpus: [0, 2, 3],
};

const variants: readonly (readonly [name: string, given: Given, facts: KernelFacts])[] = [
  ["counts", {}, madeUpFacts()],
  ["counts-arm64", {}, madeUpFacts({ arch: "arm64" })],
  ["counts-without-btf", {}, madeUpFacts({ btf: false })],
  ["counts-hash", { store: "hash" }, madeUpFacts()],
  ["counts-lru", { store: "lru" }, madeUpFacts()],
  ["selected", { select: "openat,%network,#600" }, madeUpFacts()],
  ["filtered", { filter: EVERY_FILTER }, madeUpFacts()],
  ["filtered-in-namespace", { filter: EVERY_FILTER }, madeUpFacts(NAMESPACE)],
  ["by-process-syscall", { by: ["process", "syscall"] }, madeUpFacts()],
  ["by-process-in-namespace", { by: ["process"] }, madeUpFacts(NAMESPACE)],
  ["by-comm-cgroup-percpu", { by: ["comm", "cgroup"], store: "percpu" }, madeUpFacts()],
  ["by-errno", { by: ["errno"] }, madeUpFacts()],
  ["errors", { errors: true }, madeUpFacts()],
  ["failed", { failedOnly: true, errno: 2 }, madeUpFacts()],
  ["latency", { latency: true, errors: true }, madeUpFacts()],
  ["latency-arm64", { latency: true, errors: true }, madeUpFacts({ arch: "arm64" })],
  ["latency-by-thread", { by: ["thread"], latency: true }, madeUpFacts()],
  ["in-flight", { inFlight: true }, madeUpFacts()],
  ["in-flight-in-namespace", { inFlight: true }, madeUpFacts(NAMESPACE)],
  ["command", { follow: true, latency: true }, madeUpFacts()],
];

test.each(variants)("listing: %s", (name, given, facts) =>
  expectGolden(`test/golden/syscall-top/${name}.lst`, dumpOf(probeOf(given, facts).spec)),
);

test.each(variants)("the same options give the same bytes: %s", (_name, given, facts) => {
  const bytes = () => probeOf(given, facts).spec.programs.map(({ code }) => assemble(code).bytes);
  expect(bytes()).toEqual(bytes());
});

test.each(variants)("names and sizes are what the kernel takes: %s", (_name, given, facts) => {
  const { programs, maps } = probeOf(given, facts).spec;
  for (const { name } of [...programs, ...maps]) expect(name).toMatch(/^[A-Za-z0-9_.]{1,15}$/);
  expect(new Set(maps).size).toBe(maps.length);
  expect(new Set(programs.map(({ name }) => name)).size).toBe(programs.length);
  for (const { maxEntries } of maps) expect(maxEntries).toBeGreaterThan(0);
});

test("what counts at the exit is attached there first, so that no entry is without it", () => {
  const names = probeOf({ latency: true }, madeUpFacts()).spec.programs.map(({ name }) => name);
  expect(names.indexOf("sys_exit")).toBeLessThan(names.indexOf("sys_enter"));
});

test.each<[string, Given, string[]]>([
  ["counts", {}, ["sys_enter"]],
  ["names of processes", { by: ["process"] }, ["rename_on_exec", "sys_enter"]],
  ["a filter", { filter: EVERY_FILTER }, ["sys_enter"]],
  ["failures", { failedOnly: true }, ["sys_exit", "sys_enter"]],
])("as few programs as can be: %s", (_name, given, expected) =>
  expect(probeOf(given, madeUpFacts()).spec.programs.map(({ name }) => name)).toEqual(expected),
);

test("-- COMMAND needs BTF", () =>
  expect(() => probeOf({ follow: true }, madeUpFacts({ btf: false }))).toThrow("-- COMMAND: needs BTF"));

test("an architecture that nobody knows is refused", () =>
  expect(() => probeOf({}, { ...madeUpFacts(), arch: "riscv64" })).toThrow(/riscv64/));

test.each<[string, Parameters<typeof countsFailuresOnly>[0], boolean]>([
  ["all calls", { by: ["syscall"], failedOnly: false }, false],
  ["-x", { by: ["syscall"], failedOnly: true }, true],
  ["--errno", { by: ["syscall"], failedOnly: false, errno: 2 }, true],
  ["--by errno", { by: ["comm", "errno"], failedOnly: false }, true],
])("counts failures only: %s", (_name, options, expected) =>
  expect(countsFailuresOnly(options)).toBe(expected),
);

test.each<[Parameters<typeof indexedDimension>[0], string | undefined]>([
  [["syscall"], "syscall"],
  [["errno"], "errno"],
  [["process"], undefined],
  [["syscall", "errno"], undefined],
])("an array has a place for %j: %s", (by, expected) => expect(indexedDimension(by)).toBe(expected));
