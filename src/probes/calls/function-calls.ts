/**
 * Calls of functions through breakpoints at their first instruction and their return, whose context is the registers:
 * uprobes and kprobes. Pure.
 *
 *     r6  the context
 *     r7  at a return the call's frame
 *     r8  the site
 */
import { mov } from "../../asm/alu";
import { helper } from "../../asm/helper-ids";
import { type Block, label } from "../../asm/instruction";
import { call, exit } from "../../asm/jump";
import { load, store } from "../../asm/memory";
import { fp, r0, r1, r6, r7, r8 } from "../../asm/register";
import type { MapSpec } from "../../bpf/map-spec";
import type { Hook, ProgramSpec } from "../../bpf/program-spec";
import {
  type CallPlan,
  DURATION,
  keepCaller,
  keepSample,
  measure,
  REST,
  RESULT,
  reportCall,
  START,
} from "./call-plan";
import { type RecordLayout, recordLayout, stringIndexes } from "./call-record";
import { type Frames, findFrame, forgetFrame, frames, frameWord, noteFrame, stackPointerOf } from "./frames";
import { callRegisters, loadFunctionArgument } from "./registers";
import type { Memory, Param } from "./value-form";

/** An argument and its place among all that are passed, from 0. */
export interface FunctionParam extends Param {
  readonly index: number;
}

export interface FunctionSite {
  /** Its index among all sites. */
  readonly site: number;
  readonly params: readonly FunctionParam[];
  /** Whose function it is. */
  readonly memory: Memory;
  readonly entry: Hook;
  /** Undefined for an instruction inside of the function. */
  readonly return: Hook | undefined;
  /** Only the return is of interest. */
  readonly returnOnly: boolean;
}

export interface FunctionProbe {
  readonly programs: readonly ProgramSpec[];
  readonly maps: readonly MapSpec[];
  /** The layout of the records of each site given. */
  readonly layouts: readonly RecordLayout[];
}

const WORD = 8;

export function functionProbe(sites: readonly FunctionSite[], plan: CallPlan): FunctionProbe {
  const paired = sites.filter((site) => isPaired(site, plan));
  const noted = frames(Math.max(0, ...paired.map(({ params }) => params.length)));
  const layouts = sites.map((site) => layoutOf(site, plan));
  return {
    programs: sites.flatMap((site, i) => programsOf(site, layouts[i] as RecordLayout, noted, plan)),
    maps: paired.length === 0 ? [] : [noted.map],
    layouts,
  };
}

/** Whether its calls are followed from the entry to the return. */
function isPaired({ return: atReturn, returnOnly }: FunctionSite, { options }: CallPlan): boolean {
  return options.withResult && atReturn !== undefined && !returnOnly;
}

function layoutOf(site: FunctionSite, plan: CallPlan): RecordLayout {
  const { params, returnOnly } = site;
  const withResult = isPaired(site, plan) || returnOnly;
  return recordLayout(params.length, stringIndexes(params), { ...plan.options, withResult });
}

function programsOf(site: FunctionSite, layout: RecordLayout, noted: Frames, plan: CallPlan): ProgramSpec[] {
  const { entry, return: atReturn, returnOnly } = site;
  if (returnOnly && atReturn !== undefined)
    return [{ name: "call_return", hook: atReturn, code: onReturnOnly(site, layout, plan) }];
  if (!isPaired(site, plan) || atReturn === undefined)
    return [{ name: "call_entry", hook: entry, code: onEntry(site, layout, plan) }];
  return [
    { name: "call_return", hook: atReturn, code: onReturn(site, layout, noted, plan) },
    { name: "call_entry", hook: entry, code: noteEntry(site, noted, plan) },
  ];
}

const SPARE = REST - WORD;

function argument({ params, memory }: FunctionSite, plan: CallPlan): (index: number) => Block {
  const registers = callRegisters(plan.facts.arch);
  return (index) => loadFunctionArgument(registers, memory, r6, params[index]?.index ?? 0, r1, SPARE);
}

function onEntry(site: FunctionSite, layout: RecordLayout, plan: CallPlan): Block {
  const drop = label("drop");
  const at = { layout, site: r8, loadWord: argument(site, plan), memory: site.memory };
  return [
    [mov(r6, r1), keepCaller(plan, drop), keepSample(plan, drop)],
    [mov(r8, site.site), reportCall(plan, at)],
    [drop, mov(r0, 0), exit()],
  ];
}

function noteEntry(site: FunctionSite, noted: Frames, plan: CallPlan): Block {
  const drop = label("drop");
  const { stackPointer } = callRegisters(plan.facts.arch);
  return [
    [mov(r6, r1), keepCaller(plan, drop), keepSample(plan, drop)],
    noteFrame(noted, plan, {
      site: site.site,
      stackPointer: stackPointerOf(r6, stackPointer, 0),
      loadWord: argument(site, plan),
      count: site.params.length,
      stack: SPARE,
    }),
    [drop, mov(r0, 0), exit()],
  ];
}

function onReturn(site: FunctionSite, layout: RecordLayout, noted: Frames, plan: CallPlan): Block {
  const { stackPointer, returnPops, result } = callRegisters(plan.facts.arch);
  const none = label("not_noted");
  const quick = label("quick");
  const at = { layout, site: r8, loadWord: (index: number) => frameWord(r7, index), memory: site.memory };
  return [
    mov(r6, r1),
    findFrame(noted, site.site, stackPointerOf(r6, stackPointer, returnPops), r7, SPARE, none),
    [load(8, r1, r6, result), store(8, fp, RESULT, r1)],
    [measure(plan, quick), mov(r8, site.site), reportCall(plan, at)],
    [quick, forgetFrame(noted, SPARE)],
    [none, mov(r0, 0), exit()],
  ];
}

function onReturnOnly(site: FunctionSite, layout: RecordLayout, plan: CallPlan): Block {
  const drop = label("drop");
  const { result } = callRegisters(plan.facts.arch);
  const at = { layout, site: r8, loadWord: argument(site, plan), memory: site.memory };
  return [
    [mov(r6, r1), keepCaller(plan, drop), keepSample(plan, drop)],
    [load(8, r1, r6, result), store(8, fp, RESULT, r1)],
    [call(helper.ktimeGetNs), store(8, fp, START, r0), store(8, fp, DURATION, 0)],
    [mov(r8, site.site), reportCall(plan, at)],
    [drop, mov(r0, 0), exit()],
  ];
}
