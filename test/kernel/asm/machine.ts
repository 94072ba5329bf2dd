/** Runs programs in the kernel, once each, as socket filters: no hook, no side effect. */
import {
  type Assembled,
  assemble,
  atomicFetchAdd,
  type Block,
  bswap,
  call,
  callKfunc,
  exit,
  fp,
  helper,
  label,
  loadBtfId,
  loadFunction,
  mov,
  r0,
  r1,
  r2,
  r3,
  r4,
  readComm,
  store,
  zero,
} from "../../../src/asm";
import { ProgLoad } from "../../../src/bpf/attr-layouts";
import { readFacts } from "../../../src/bpf/facts";
import { Fd } from "../../../src/bpf/fd";
import { arrayMap, isPerCpu, type MapSpec, ringBuffer } from "../../../src/bpf/map-spec";
import { loadProgram, Program } from "../../../src/bpf/program";
import { BpfCmd, ProgType } from "../../../src/core/bpf-uapi";
import { bytes, struct, u32, u64 } from "../../../src/core/codec";
import { messageOf, SyscallError } from "../../../src/core/errors";
import { Resources } from "../../../src/core/resources";
import { Attr } from "../../../src/sys/attr";
import { runWithFunctions } from "./function-info";
import { kernel } from "./opened";

/** Maps of one entry each, by the name the program uses, with the value before the run; after it, the value after. */
export type Memory = Readonly<Record<string, Uint8Array>>;

export interface InKernel<M extends Memory> {
  /** The lower half of r0. */
  readonly result: number;
  readonly memory: { readonly [Name in keyof M]: Uint8Array };
}

/** The length of what is behind the Ethernet header; a packet has at least the header. */
const ETHERNET = 14;

/** Loads a program under its maps and runs it once. `packet` is what the program sees at offset 0. */
export function runInKernel<M extends Memory = Record<string, never>>(
  code: Block | Assembled,
  memory: M = {} as M,
  packet = new Uint8Array(64),
  extraMaps: readonly MapSpec[] = [],
): InKernel<M> {
  using owned = new Resources();
  const on = kernel();
  const maps = new Map(
    Object.entries(memory).map(([name, value]) => {
      const map = owned.use(on.createMap(arrayMap(name, bytes(value.length), 1)));
      map.update(0, value);
      return [name, map] as const;
    }),
  );
  const extra = new Map(
    extraMaps.map(
      (spec) =>
        [
          spec.name,
          owned.use(isPerCpu(spec) ? on.createPerCpuMap(spec) : on.createMap(spec)).number,
        ] as const,
    ),
  );
  const fdOf = ({ name }: { readonly name: string }) => extra.get(name) ?? maps.get(name)?.number ?? -1;
  const program = "bytes" in code ? code : assemble(code);
  const request = { name: "asm_test", type: ProgType.BPF_PROG_TYPE_SOCKET_FILTER, program };
  const loaded = owned.use(
    new Program(on.sys, "asm_test", new Fd(on.sys, loadProgram(on.sys, request, fdOf))),
  );
  const data = new Uint8Array(ETHERNET + packet.length);
  data.set(packet, ETHERNET);
  const result = loaded.testRun({ data });
  const after = [...maps].map(([name, map]) => [name, map.lookup(0) ?? new Uint8Array()] as const);
  return { result, memory: Object.fromEntries(after) as InKernel<M>["memory"] };
}

/** Loads bytes that name their maps by their place in `fd_array`, and gives the descriptor or −errno. */
export function loadWithMapArray(bytes: Uint8Array, maps: readonly number[]): number {
  const layout = struct({ ...ProgLoad.fields, coreReloCnt: u32, fdArray: u64 });
  const attr = Attr.of(layout, {
    progType: ProgType.BPF_PROG_TYPE_SOCKET_FILTER,
    insnCnt: bytes.length / 8,
    insns: bytes,
    license: Buffer.from("GPL\0"),
    fdArray: Buffer.from(Int32Array.from(maps).buffer),
  });
  return kernel().sys.bpf(BpfCmd.BPF_PROG_LOAD, attr);
}

/** The BTF id of something in the kernel. Throws where there is none, or no BTF. */
export function btfId(kind: "func" | "var", name: string): number {
  const found = kernel().facts.btf()?.find(kind, name);
  if (found === undefined) throw new Error(`${kind} ${name}: not in this kernel's BTF`);
  return found.id;
}

/** Parts of the instruction set that came later, each with a program that stands for all of them. */
interface Feature {
  readonly title: string;
  /** The version from which on its absence is a failure, not a reason to skip; undefined where that depends on options. */
  readonly since?: Readonly<Record<string, readonly [number, number]>>;
  /** Throws where the kernel has not got it. */
  readonly probe: () => unknown;
}

const done: Block = [mov(r0, 0), exit()];

const features = {
  base: { title: "running programs", probe: () => runInKernel(done) },
  fetch: {
    title: "atomics that fetch",
    since: { x64: [5, 12], arm64: [5, 18] },
    probe: () => runInKernel([store(8, fp, -8, 0), mov(r1, 1), atomicFetchAdd(8, fp, -8, r1), done]),
  },
  v4: {
    title: "instruction set version 4",
    since: { x64: [6, 6], arm64: [6, 6] },
    probe: () => runInKernel([mov(r0, 1), bswap(16, r0), done]),
  },
  ring: {
    title: "ring buffers",
    since: { x64: [5, 8], arm64: [5, 8] },
    probe: () => kernel().createMap(ringBuffer("probe", kernel().sys.pageSize))[Symbol.dispose](),
  },
  comm: {
    title: "the command name in socket filters",
    probe: () => runInKernel([zero(fp, -16, 16), readComm(-16), done]),
  },
  callback: {
    title: "functions called back by helpers",
    since: { x64: [5, 17], arm64: [5, 17] },
    probe: () => {
      const body = label("body");
      const main: Block = [
        mov(r1, 1),
        loadFunction(r2, body),
        mov(r3, 0),
        mov(r4, 0),
        call(helper.loop),
        done,
      ];
      return runWithFunctions([main, body, done], [body]);
    },
  },
  kfunc: {
    title: "kernel functions",
    probe: () =>
      runInKernel([
        callKfunc(btfId("func", "bpf_rcu_read_lock")),
        callKfunc(btfId("func", "bpf_rcu_read_unlock")),
        done,
      ]),
  },
  address: {
    title: "addresses of kernel functions",
    probe: () => runInKernel([loadBtfId(r1, btfId("func", "bpf_rcu_read_lock")), done]),
  },
  variable: {
    title: "addresses of kernel variables",
    probe: () => runInKernel([loadBtfId(r1, btfId("var", "bpf_prog_active")), done]),
  },
  mapArray: {
    title: "maps by index",
    since: { x64: [5, 14], arm64: [5, 14] },
    probe: () => {
      const fd = loadWithMapArray(assemble(done).bytes, [0]);
      if (fd < 0) throw new SyscallError("load with fd_array", -fd);
      kernel().sys.close(fd);
    },
  },
} satisfies Record<string, Feature>;
export type FeatureName = keyof typeof features;

function lack(name: FeatureName): string | undefined {
  const feature: Feature = features[name];
  try {
    feature.probe();
    return undefined;
  } catch (error) {
    const since = feature.since?.[process.arch];
    if (since !== undefined && readFacts().isAtLeast(...since)) return undefined; // then the test is to fail
    return `${feature.title}: ${messageOf(error)}`;
  }
}

const lacks = new Map<FeatureName, string | undefined>();

/** Why what needs this feature cannot run here; undefined when it can, or must. */
export function reasonToSkip(name: FeatureName): string | undefined {
  if (!lacks.has("base")) lacks.set("base", lack("base"));
  if (!lacks.has(name)) lacks.set(name, lacks.get("base") ?? lack(name));
  const mustRun = process.env["BPFKIT_REQUIRE_KERNEL"] === "1" && lacks.get("base") !== undefined;
  return mustRun ? undefined : lacks.get(name);
}

/** A test that needs a feature: skipped with the reason in its title where the kernel has not got it. */
export function kernelTest(feature: FeatureName, title: string, run: () => void): void {
  const reason = reasonToSkip(feature);
  if (reason === undefined) test(title, run);
  else test.skip(`${title} (skipped: ${reason})`, run);
}
