import type { ProgramSpec } from "../../../../src/bpf/program-spec";
import type { Session } from "../../../../src/bpf/session";
import type { Context } from "../../../../src/commands/context";
import { attachFunctions } from "../../../../src/commands/trace-fn/attach-functions";
import { traceProbe } from "../../../../src/commands/trace-fn/probe";
import type { SiteName } from "../../../../src/commands/trace-fn/resolve";
import { errno } from "../../../../src/core/errno";
import { NotSupportedError, PermissionError, SyscallError, VerifierError } from "../../../../src/core/errors";
import type { PlanOptions } from "../../../../src/probes/calls/call-plan";
import { fentryWay, kprobeMultiWay, kprobeWay } from "../../../../src/probes/calls/function-ways";
import { madeUpFacts } from "../syscall-top/made-up-facts";

const options: PlanOptions = {
  ...{ mode: "count", withResult: false, filter: {}, follow: false },
  ...{ ourselves: { pid: 4242, code: [] }, bufferSize: 4096, stringSize: 128 },
};

const probeOf = (names: readonly string[], ways: (name: string) => ReturnType<typeof kprobeWay>[]) =>
  traceProbe(
    {
      ...{ syscalls: [], tracepoints: [] },
      functions: names.map((name, site) => ({
        ...{ site, params: [], result: undefined, memory: "kernel" as const, returnOnly: false },
        ways: ways(name),
      })),
    },
    options,
    madeUpFacts(),
  );

/** What a program is at: `kprobe-multi a,b` or `kprobe a`. */
const placeOf = ({ hook }: ProgramSpec) =>
  `${hook.kind} ${hook.kind === "kprobe-multi" ? hook.functions.join() : hook.name}`;

/** Attaches on a kernel that refuses what `refuse` gives an error for. */
async function attach(
  probe: ReturnType<typeof probeOf>,
  names: readonly string[],
  refuse: (place: string) => Error | undefined,
  ending = new AbortController(),
) {
  const places: string[] = [];
  const notices: string[] = [];
  let now = 0n;
  const session = {
    add(programs: readonly ProgramSpec[]) {
      const all = programs.map(placeOf);
      for (const place of all) {
        const error = refuse(place);
        if (error !== undefined) throw error;
      }
      places.push(...all);
      now += 400_000_000n;
    },
  };
  const context = {
    clock: { monotonicNs: () => now, sleep: () => Promise.resolve() },
    ...{ signal: ending.signal, notice: (text: string) => notices.push(text), detail: () => {} },
  };
  const shown = names.map((name) => ({ name }) as SiteName);
  const complete = await attachFunctions(
    context as unknown as Context,
    session as unknown as Session,
    probe,
    shown,
  );
  return { complete, places, notices };
}

const NAMES = ["a", "b", "c", "d", "e"];
const multi = (name: string) => [kprobeMultiWay(name), kprobeWay(name)];
const fentry = (name: string) => [fentryWay(name, undefined, 1), kprobeWay(name)];
const refusal = () => new NotSupportedError("attach: refused");

test("functions of one kind take one program", async () => {
  const { places, complete } = await attach(probeOf(NAMES, multi), NAMES, () => undefined);
  expect({ places, complete }).toEqual({ places: ["kprobe-multi a,b,c,d,e"], complete: true });
});

test("the one that is refused is found, and tried by its next way", async () => {
  const { places, notices } = await attach(probeOf(NAMES, multi), NAMES, (place) =>
    /multi.*d/.test(place) ? refusal() : undefined,
  );
  expect(places).toEqual(["kprobe-multi a,b,c", "kprobe d", "kprobe-multi e"]);
  expect(notices).toEqual([]);
});

test("one that nothing reaches is left out", async () => {
  const { places, notices, complete } = await attach(probeOf(NAMES, multi), NAMES, (place) =>
    place.includes("d") ? refusal() : undefined,
  );
  expect(places).toEqual(["kprobe-multi a,b,c", "kprobe-multi e"]);
  expect(notices).toEqual(["left out: d: attach: refused"]);
  expect(complete).toBe(true);
});

test("a program that the verifier refuses is replaced", async () => {
  const rejected = new VerifierError("load: EACCES", []);
  const { places } = await attach(probeOf(NAMES, fentry), NAMES, (place) =>
    place === "fentry b" ? rejected : undefined,
  );
  expect(places).toEqual(["fentry a", "kprobe b", "fentry c", "fentry d", "fentry e"]);
});

test("a program of many that the verifier refuses is not tried for each", async () => {
  const tried: string[] = [];
  const { places } = await attach(probeOf(NAMES, multi), NAMES, (place) => {
    tried.push(place);
    return place.startsWith("kprobe-multi") ? new VerifierError("load: EACCES", []) : undefined;
  });
  expect(places).toEqual(NAMES.map((name) => `kprobe ${name}`));
  expect(tried).toHaveLength(1 + NAMES.length);
});

test.each([
  ["all functions are refused", NAMES, refusal()],
  ["the only one is", ["a"], refusal()],
  ["rights are missing", NAMES, new PermissionError("attach: EPERM")],
  ["no descriptor is left", NAMES, new SyscallError("attach", errno.EMFILE)],
])("the run fails when %s", async (_what, names, error) => {
  await expect(attach(probeOf(names, multi), names, () => error)).rejects.toBe(error);
});

test("who waits is told how far it is", async () => {
  const { notices } = await attach(probeOf(NAMES, fentry), NAMES, () => undefined);
  expect(notices).toEqual(["attached 3 of 5 functions"]);
});

test("an end of the run is heard between two functions", async () => {
  const ending = new AbortController();
  const { places, complete } = await attach(
    probeOf(NAMES, fentry),
    NAMES,
    (place) => {
      if (place === "fentry b") ending.abort();
      return undefined;
    },
    ending,
  );
  expect({ places, complete }).toEqual({ places: ["fentry a", "fentry b"], complete: false });
});
