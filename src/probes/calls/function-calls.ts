/**
 * Calls of functions at their first instruction and their return. The context of uprobes and kprobes is the registers;
 * that of fentry and fexit is the arguments, which are there at the return too, with the result behind them. Pure.
 *
 *     r6  the context
 *     r7  at a return the call's frame
 *     r8  the site
 */
import { mov, sub } from "../../asm/alu";
import { helper } from "../../asm/helper-ids";
import { type Block, label } from "../../asm/instruction";
import { call, exit } from "../../asm/jump";
import { load, loadMapValue, store } from "../../asm/memory";
import { fp, r0, r1, r2, r6, r7, r8 } from "../../asm/register";
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
import type { Memory, Param, ValueForm } from "./value-form";

/** An argument and its place among all that are passed, from 0. */
export interface FunctionParam extends Param {
  readonly index: number;
}

export interface FunctionSite {
  /** Its index among all sites. */
  readonly site: number;
  readonly params: readonly FunctionParam[];
  /** Undefined for a function that gives nothing. */
  readonly result: ValueForm | undefined;
  /** Whose function it is. */
  readonly memory: Memory;
  /** How many arguments the context of fentry and fexit has; undefined where it is the registers. */
  readonly typed?: number | undefined;
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
  const noted = frames(Math.max(0, ...paired.map((site) => notedWords(site))));
  const layouts = sites.map((site) => layoutOf(site, plan));
  return {
    programs: sites.flatMap((site, i) => programsOf(site, layouts[i] as RecordLayout, noted, plan)),
    maps: paired.length === 0 ? [] : [noted.map],
    layouts,
  };
}

/** How many arguments must be kept until the return. */
function notedWords({ params, typed }: FunctionSite): number {
  return typed === undefined ? params.length : 0;
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

const asked = ({ params, result }: FunctionSite) => ({ params, result });

function argument({ params, memory, typed }: FunctionSite, plan: CallPlan): (index: number) => Block {
  if (typed !== undefined) return (index) => [load(8, r1, r6, WORD * (params[index]?.index ?? 0))];
  const registers = callRegisters(plan.facts.arch);
  return (index) => loadFunctionArgument(registers, memory, r6, params[index]?.index ?? 0, r1, SPARE);
}

function onEntry(site: FunctionSite, layout: RecordLayout, plan: CallPlan): Block {
  const drop = label("drop");
  const at = { layout, ...asked(site), site: r8, loadWord: argument(site, plan), memory: site.memory };
  return [
    [mov(r6, r1), keepCaller(plan, drop), keepSample(plan, drop)],
    [mov(r8, site.site), reportCall(plan, at, drop)],
    [drop, mov(r0, 0), exit()],
  ];
}

function noteEntry(site: FunctionSite, noted: Frames, plan: CallPlan): Block {
  const drop = label("drop");
  return [
    [mov(r6, r1), keepCaller(plan, drop), keepSample(plan, drop)],
    noteFrame(noted, plan, {
      site: site.site,
      frame: frameOf(site, plan, false),
      loadWord: argument(site, plan),
      count: notedWords(site),
      stack: SPARE,
    }),
    [drop, mov(r0, 0), exit()],
  ];
}

/** `r1` = where the call's frame lies, at its entry or its return. Loses r2. */
function frameOf({ typed }: FunctionSite, { facts, losses }: CallPlan, atReturn: boolean): Block {
  // fentry and fexit of a call share their context, and its distance from anything tells where it is.
  if (typed !== undefined) return [mov(r1, r6), loadMapValue(r2, losses), sub(r1, r2)];
  const { stackPointer, returnPops } = callRegisters(facts.arch);
  return stackPointerOf(r6, stackPointer, atReturn ? returnPops : 0);
}

/** `r1` = the result, 0 for a function that gives none. */
function resultOf({ typed, result }: FunctionSite, { facts }: CallPlan): Block {
  if (result === undefined) return [mov(r1, 0)];
  return [load(8, r1, r6, typed === undefined ? callRegisters(facts.arch).result : WORD * typed)];
}

function onReturn(site: FunctionSite, layout: RecordLayout, noted: Frames, plan: CallPlan): Block {
  const none = label("not_noted");
  const quick = label("quick");
  const loadWord = site.typed === undefined ? (index: number) => frameWord(r7, index) : argument(site, plan);
  const at = { layout, ...asked(site), site: r8, loadWord, memory: site.memory };
  return [
    mov(r6, r1),
    findFrame(noted, site.site, frameOf(site, plan, true), r7, SPARE, none),
    [resultOf(site, plan), store(8, fp, RESULT, r1)],
    [measure(plan, quick), mov(r8, site.site), reportCall(plan, at, quick)],
    [quick, forgetFrame(noted, SPARE)],
    [none, mov(r0, 0), exit()],
  ];
}

function onReturnOnly(site: FunctionSite, layout: RecordLayout, plan: CallPlan): Block {
  const drop = label("drop");
  const at = { layout, ...asked(site), site: r8, loadWord: argument(site, plan), memory: site.memory };
  return [
    [mov(r6, r1), keepCaller(plan, drop), keepSample(plan, drop)],
    [resultOf(site, plan), store(8, fp, RESULT, r1)],
    [call(helper.ktimeGetNs), store(8, fp, START, r0), store(8, fp, DURATION, 0)],
    [mov(r8, site.site), reportCall(plan, at, drop)],
    [drop, mov(r0, 0), exit()],
  ];
}
