import { assemble } from "../../../../src/asm/assemble";
import type { KernelFacts } from "../../../../src/bpf/facts";
import { dumpOf } from "../../../../src/commands/open-probe";
import { parseArguments } from "../../../../src/commands/trace-fn/argument-option";
import { type TraceSites, traceProbe } from "../../../../src/commands/trace-fn/probe";
import type { PlanOptions } from "../../../../src/probes/calls/call-plan";
import type { FunctionParam, FunctionSite } from "../../../../src/probes/calls/function-calls";
import { uprobeMultiWay, uprobeWay } from "../../../../src/probes/calls/function-ways";
import { syscallParams, syscallResult } from "../../../../src/probes/calls/syscall-params";
import { formNamed, plainWord } from "../../../../src/probes/calls/value-form";
import { parseFilter } from "../../../../src/probes/conditions/condition";
import { nativeAbi, syscallNumber } from "../../../../src/symbols/syscalls";
import { expectGolden } from "../../../golden/golden";
import { madeUpFacts } from "../syscall-top/made-up-facts";

const NAMESPACE = { pidNamespace: { device: 4n, inode: 4026532001n } };

const plan = (given: Partial<PlanOptions>): PlanOptions => ({
  mode: "events",
  withResult: false,
  filter: {},
  follow: false,
  ourselves: { pid: 4242, code: [0, 127, 2047] },
  bufferSize: 32 * 1024 * 1024,
  stringSize: 128,
  ...given,
});

const none: TraceSites = { syscalls: [], tracepoints: [], functions: [] };

const syscalls =
  (...names: string[]) =>
  ({ arch }: KernelFacts): TraceSites => ({
    ...none,
    syscalls: names.map((name, site) => {
      const abi = nativeAbi(arch);
      const number = syscallNumber(abi, name) as number;
      const params = syscallParams(name, abi).map((param, index) => ({ ...param, index }));
      return { site, number, params, hidden: [], result: syscallResult(name) };
    }),
  });

/** Arguments of a function of which nothing is known. */
function paramsOf(args: string): FunctionParam[] {
  return parseArguments(args).wishes.map(({ text, place, form }) => {
    return { name: text, form: form ?? plainWord, index: Number(place) - 1 };
  });
}

const userFunction =
  (args: string, { typed, ...given }: Partial<FunctionSite> & { readonly typed?: number } = {}) =>
  (): TraceSites => {
    const place = { name: "malloc", path: "/lib/libc.so.6", offset: 0x1234, pid: undefined };
    const params = paramsOf(args);
    return {
      ...none,
      functions: [
        {
          site: 0,
          params,
          result: formNamed("d", "test"),
          memory: "user",
          ways: [{ ...uprobeWay(place, false), typed }],
          returnOnly: false,
          ...given,
        },
      ],
    };
  };

/** Two functions of one file by one program, and one of another. */
const sharedFunctions = (): TraceSites => ({
  ...none,
  functions: [
    ["malloc", "/lib/libc.so.6"],
    ["free", "/lib/libc.so.6"],
    ["cos", "/lib/libm.so.6"],
  ].map(([name = "", path = ""], site) => ({
    ...{ site, params: paramsOf("1:u64"), result: formNamed("d", "test") },
    ...{ memory: "user" as const, returnOnly: false },
    ways: [uprobeMultiWay({ name, path, offset: 0x1000 + site, pid: undefined }, false)],
  })),
});

const tracepoint = (): TraceSites => ({
  ...none,
  tracepoints: [
    {
      site: 0,
      hook: { kind: "tracepoint", name: "made:up" },
      params: [
        { name: "comm", form: formNamed("str", "test"), place: { kind: "array", offset: 8 } },
        { name: "file", form: formNamed("str", "test"), place: { kind: "data-loc", offset: 24 } },
        { name: "pid", form: formNamed("d", "test"), place: { kind: "value", offset: 28, size: 4 } },
      ],
      hidden: [],
    },
  ],
});

const variants: readonly (readonly [
  name: string,
  sites: (facts: KernelFacts) => TraceSites,
  options: Partial<PlanOptions>,
  facts: KernelFacts,
])[] = [
  ["syscall", syscalls("write"), {}, madeUpFacts()],
  ["syscall-arm64", syscalls("write"), {}, madeUpFacts({ arch: "arm64" })],
  ["syscall-result", syscalls("openat"), { withResult: true, slowerNs: 10_000_000 }, madeUpFacts()],
  ["syscalls-of-three-layouts", syscalls("write", "openat", "renameat2", "close"), {}, madeUpFacts()],
  ["syscalls-counted", syscalls("write", "openat"), { mode: "count", sample: 100 }, madeUpFacts()],
  ["syscalls-timed", syscalls("write", "openat"), { mode: "latency", withResult: true }, madeUpFacts()],
  ["syscall-in-namespace", syscalls("write"), { filter: { pids: [12] } }, madeUpFacts(NAMESPACE)],
  ["function", userFunction("1:str,2:u64"), {}, madeUpFacts()],
  ["function-stack-argument", userFunction("9:i64"), {}, madeUpFacts()],
  ["function-stack-argument-arm64", userFunction("9:i64"), {}, madeUpFacts({ arch: "arm64" })],
  ["function-result", userFunction("1:str"), { withResult: true }, madeUpFacts()],
  ["function-result-arm64", userFunction("1:str"), { withResult: true }, madeUpFacts({ arch: "arm64" })],
  ["function-return-only", userFunction("ret:d", { returnOnly: true }), {}, madeUpFacts()],
  ["function-counted", userFunction("ret:d"), { mode: "count" }, madeUpFacts()],
  ["function-timed", userFunction("ret:d"), { mode: "latency", withResult: true }, madeUpFacts()],
  [
    "function-filtered",
    userFunction("1:d"),
    { filter: { uid: 1815, comm: "nginx*", cpus: [0, 2] } },
    madeUpFacts(),
  ],
  [
    "syscall-filtered",
    syscalls("write", "openat"),
    { where: parseFilter("ret < 0 || duration > 1ms"), withResult: true },
    madeUpFacts(),
  ],
  [
    "syscalls-distribution",
    syscalls("write", "openat"),
    { mode: "dist", dist: "ret", withResult: true },
    madeUpFacts(),
  ],
  [
    "function-typed",
    userFunction("1:str,2:d", { typed: 3, memory: "kernel" }),
    { withResult: true },
    madeUpFacts(),
  ],
  ["functions-shared", sharedFunctions, {}, madeUpFacts()],
  ["functions-shared-result", sharedFunctions, { withResult: true }, madeUpFacts()],
  [
    "function-in-namespaces",
    userFunction("1:d"),
    { namespaces: { pid: 4026532100, mount: 4026532101 } },
    madeUpFacts(),
  ],
  ["tracepoint", tracepoint, {}, madeUpFacts()],
  ["syscalls-nested", syscalls("write", "openat"), { mode: "graph", withResult: true }, madeUpFacts()],
  ["function-nested", userFunction("1:str"), { mode: "graph", withResult: true }, madeUpFacts()],
  [
    "function-nested-arm64",
    userFunction("1:d"),
    { mode: "graph", withResult: true, where: parseFilter("arg1 > 3") },
    madeUpFacts({ arch: "arm64" }),
  ],
  [
    "syscalls-nested-filtered",
    syscalls("write", "openat"),
    { mode: "graph", withResult: true, where: parseFilter("ret < 0") },
    madeUpFacts(),
  ],
  [
    "function-nested-filtered",
    userFunction("1:d"),
    { mode: "graph", withResult: true, slowerNs: 9, where: parseFilter("arg1 > 3 && ret < 0") },
    madeUpFacts(),
  ],
  ["syscall-stacks", syscalls("write", "openat"), { mode: "stacks" }, madeUpFacts()],
  ["function-stacks", userFunction("1:d"), { mode: "stacks" }, madeUpFacts()],
  ["function-stacks-arm64", userFunction("1:d"), { mode: "stacks" }, madeUpFacts({ arch: "arm64" })],
  [
    "function-stacks-slow",
    userFunction("1:d"),
    { mode: "stacks", withResult: true, slowerNs: 9 },
    madeUpFacts(),
  ],
  [
    "function-stacks-unwound",
    userFunction("1:d"),
    { mode: "stacks", stacks: { halves: { kernel: false, user: true }, stackSize: 8192 } },
    madeUpFacts(),
  ],
  ["command", userFunction("1:d"), { follow: true }, madeUpFacts()],
];

test.each(variants)("listing: %s", (name, sites, options, facts) =>
  expectGolden(
    `test/golden/trace-fn/${name}.lst`,
    dumpOf(traceProbe(sites(facts), plan(options), facts).spec),
  ),
);

test.each(variants)("the same options give the same bytes: %s", (_name, sites, options, facts) => {
  const bytes = () =>
    traceProbe(sites(facts), plan(options), facts).spec.programs.map(({ code }) => assemble(code).bytes);
  expect(bytes()).toEqual(bytes());
});

test.each(variants)("names and sizes are what the kernel takes: %s", (_name, sites, options, facts) => {
  const { programs, maps } = traceProbe(sites(facts), plan(options), facts).spec;
  for (const { name } of [...programs, ...maps]) expect(name).toMatch(/^[A-Za-z0-9_.]{1,15}$/);
  for (const { code } of programs) expect(assemble(code).bytes.length / 8).toBeLessThan(4096);
});

test("functions whose programs are alike share one, and have their numbers as cookies", () => {
  const { functions } = traceProbe(sharedFunctions(), plan({}), madeUpFacts());
  expect(functions.units.map(({ programs }) => programs.map(({ hook }) => hook))).toMatchObject([
    [{ kind: "uprobe-multi", path: "/lib/libc.so.6", offsets: [0x1000, 0x1001], cookies: [0n, 1n] }],
    [{ kind: "uprobe-multi", path: "/lib/libm.so.6", offsets: [0x1002], cookies: [2n] }],
  ]);
});
