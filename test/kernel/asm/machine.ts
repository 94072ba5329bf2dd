/** Runs programs in the kernel, once each, as socket filters: no hook, no side effect. */
import {
  type Assembled,
  assemble,
  type Block,
  callKfunc,
  exit,
  fp,
  loadBtfId,
  mov,
  r0,
  r1,
  readComm,
  zero,
} from "../../../src/asm";
import { Fd } from "../../../src/bpf/fd";
import type { FeatureName } from "../../../src/bpf/features";
import { arrayMap, isPerCpu, type MapSpec } from "../../../src/bpf/map-spec";
import { loadProgram, Program } from "../../../src/bpf/program";
import { ProgType } from "../../../src/core/bpf-uapi";
import { bytes } from "../../../src/core/codec";
import { Resources } from "../../../src/core/resources";
import { circumstances, deniedReason, testIf } from "../kernel-test";
import { type State, verdictFor } from "../skip-rules";
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

/** The BTF id of something in the kernel. Throws where there is none, or no BTF. */
export function btfId(kind: "func" | "var", name: string): number {
  const found = kernel().facts.btf()?.find(kind, name);
  if (found === undefined) throw new Error(`${kind} ${name}: not in this kernel's BTF`);
  return found.id;
}

const done: Block = [mov(r0, 0), exit()];

/** What is no feature of src/bpf/features, because no command needs it: each throws where the kernel has not got it. */
const probes = {
  "asm:comm": () => runInKernel([zero(fp, -16, 16), readComm(-16), done]),
  "asm:kfunc": () =>
    runInKernel([
      callKfunc(btfId("func", "bpf_rcu_read_lock")),
      callKfunc(btfId("func", "bpf_rcu_read_unlock")),
      done,
    ]),
  "asm:address": () => runInKernel([loadBtfId(r1, btfId("func", "schedule")), done]),
  "asm:variable": () => runInKernel([loadBtfId(r1, btfId("var", "bpf_prog_active")), done]),
  "asm:map-array": () => {
    const hook = { kind: "raw-tracepoint", name: "sys_enter" } as const;
    const fdArray = [{ name: "any" }];
    kernel()
      .load({ name: "asm_test", hook, code: done, fdArray }, () => 0)
      [Symbol.dispose]();
  },
} satisfies Record<string, () => unknown>;

/** What an instruction needs, as `expected-features.ts` names it. */
export type Need = keyof typeof probes | FeatureName | `module:${string}`;

const found = new Map<string, State>();

function stateOf(need: string): State {
  if (!Object.hasOwn(probes, need)) return circumstances.stateOf(need);
  let state = found.get(need);
  if (state === undefined) {
    try {
      probes[need as keyof typeof probes]();
      state = "available";
    } catch {
      state = "missing";
    }
    found.set(need, state);
  }
  return state;
}

/** A test of instructions that not every kernel has. */
export function kernelTest(needs: readonly Need[], title: string, run: () => void): void {
  testIf(verdictFor(needs, { ...circumstances, denied: deniedReason(), stateOf }), title, run);
}
