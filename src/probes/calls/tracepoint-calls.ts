/** Tracepoints, with the fields of their format files or with the arguments that BTF knows. Pure. */
import { add, and, mov } from "../../asm/alu";
import { type Block, label } from "../../asm/instruction";
import { exit } from "../../asm/jump";
import { load } from "../../asm/memory";
import type { Width } from "../../asm/opcode";
import { r0, r1, r2, r6, r8 } from "../../asm/register";
import type { Hook, ProgramSpec } from "../../bpf/program-spec";
import { type CallPlan, keepCall, REST, reportCall } from "./call-plan";
import { type RecordLayout, recordLayout } from "./call-record";
import { loadMember, type MemberAccess } from "./member-access";
import type { Param } from "./value-form";

/** How a field is found in the context. */
export type FieldPlace =
  | { readonly kind: "value"; readonly offset: number; readonly size: Width }
  /** Letters in the context itself. */
  | { readonly kind: "array"; readonly offset: number }
  /** Letters where the lower half of a word says: `__data_loc` in a format file. */
  | { readonly kind: "data-loc"; readonly offset: number };

export interface TracepointParam extends Param {
  readonly place: FieldPlace;
  /** The way to what is meant, where that is not the field itself. */
  readonly access?: MemberAccess | undefined;
}

export interface TracepointSite {
  /** Its index among all sites. */
  readonly site: number;
  readonly hook: Hook;
  readonly params: readonly TracepointParam[];
  /** What conditions ask for and nobody sees. */
  readonly hidden: readonly TracepointParam[];
}

export interface TracepointProbe {
  readonly programs: readonly ProgramSpec[];
  readonly layouts: readonly RecordLayout[];
}

export function tracepointProbe(sites: readonly TracepointSite[], plan: CallPlan): TracepointProbe {
  const layouts = sites.map(({ params }) =>
    recordLayout(params.length, params, { ...plan.options, withResult: false }),
  );
  const programs = sites.map(({ site, hook, params: shown, hidden }, i): ProgramSpec => {
    const params = [...shown, ...hidden];
    const drop = label("drop");
    const loadWord = (index: number) => loadParam(params[index] as TracepointParam);
    const at = {
      layout: layouts[i] as RecordLayout,
      params,
      result: undefined,
      site: r8,
      loadWord,
      memory: "kernel" as const,
    };
    return {
      name: "tracepoint",
      hook,
      code: [
        [mov(r6, r1), keepCall(plan, drop)],
        [mov(r8, site), reportCall(plan, at, drop)],
        [drop, mov(r0, 0), exit()],
      ],
    };
  });
  return { programs, layouts };
}

/** Free while a word is loaded. */
const SPARE = REST - 8;

/** `r1` = what is meant. Loses r0, r2–r5. */
function loadParam({ place, access }: TracepointParam): Block {
  return access === undefined ? loadField(place) : [loadField(place), loadMember(access, SPARE)];
}

/** `r1` = the field, or the address of its letters. Loses r2. */
function loadField(place: FieldPlace): Block {
  const { kind, offset } = place;
  if (kind === "value") return [load(place.size, r1, r6, offset)];
  if (kind === "array") return [mov(r1, r6), add(r1, offset)];
  return [load(4, r2, r6, offset), and(r2, 0xffff), mov(r1, r6), add(r1, r2)];
}
