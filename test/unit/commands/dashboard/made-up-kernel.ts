import type { Btf } from "../../../../src/bpf/btf/btf";
import type { KernelFacts } from "../../../../src/bpf/facts";
import { madeUpFacts } from "../syscall-top/made-up-facts";

const PLACES: Readonly<Record<string, readonly [offset: number, size: number]>> = {
  "pt_regs.orig_ax": [120, 8],
  "pt_regs.syscallno": [280, 4],
  "sk_buff.len": [112, 4],
  "bio.bi_iter.bi_size": [40, 4],
  "sock.sk_protocol": [516, 2],
};

/** The made-up facts with what the dashboard looks for; `missing` are tracepoints that this kernel lacks. */
export function madeUpKernel(
  given: Parameters<typeof madeUpFacts>[0] = {},
  missing: readonly string[] = [],
): KernelFacts {
  const facts = madeUpFacts(given);
  const base = facts.btf();
  if (base === undefined) return facts;
  const placeOf = (type: string, path: string) => PLACES[`${type}.${path}`];
  const btf: Pick<Btf, "member" | "requireMember" | "rawTracepoint"> = {
    member: (type, path) => {
      const place = placeOf(String(type), path);
      return place === undefined ? base.member(type, path) : { offset: place[0], size: place[1], type: 0 };
    },
    requireMember: (type, path) => {
      const place = placeOf(String(type), path);
      return place === undefined
        ? base.requireMember(type, path)
        : { offset: place[0], size: place[1], type: 0 };
    },
    rawTracepoint: ((name: string) =>
      missing.includes(name) ? undefined : { id: 1, params: [{}] }) as never,
  };
  return { ...facts, btf: () => btf as Btf };
}
