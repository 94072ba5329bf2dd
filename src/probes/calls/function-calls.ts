/**
 * Calls of functions at their first instruction and their return. The context of uprobes and kprobes is the registers;
 * that of fentry and fexit is the arguments, which are there at the return too, with the result behind them. A program
 * that serves many functions learns from its cookie which one was called. Pure.
 *
 *     r6  the context
 *     r7  at a return the call's frame
 *     r8  the site
 */
import { mov, or, rsh, sub } from "../../asm/alu";
import { helper } from "../../asm/helper-ids";
import { type Block, label } from "../../asm/instruction";
import { call, exit, jump } from "../../asm/jump";
import { load, loadMapValue, store } from "../../asm/memory";
import { fp, r0, r1, r2, r6, r7, r8 } from "../../asm/register";
import type { MapSpec } from "../../bpf/map-spec";
import type { ProgramSpec } from "../../bpf/program-spec";
import type { Caller } from "../stack-store";
import {
  asksAtReturn,
  type CallPlan,
  DURATION,
  keepCall,
  measure,
  REST,
  RESULT,
  reportCall,
  START,
  tellBeginning,
  tellReturn,
} from "./call-plan";
import { RecordKind, type RecordLayout, recordLayout, TAIL_CALL } from "./call-record";
import { entryCaller } from "./entry-caller";
import { type Frames, findFrame, forgetFrame, frames, frameWord, noteFrame, stackPointerOf } from "./frames";
import { type FunctionUnit, groupUnits } from "./function-units";
import { type FunctionWay, isShared } from "./function-ways";
import { loadMember, type MemberAccess } from "./member-access";
import { callRegisters, loadFunctionArgument, loadReturnAddress } from "./registers";
import type { Memory, Param, ValueForm } from "./value-form";

/** An argument and its place among all that are passed, from 0. */
export interface FunctionParam extends Param {
  readonly index: number;
  /** The way to what is meant, where that is not the argument itself. */
  readonly access?: MemberAccess | undefined;
}

export interface FunctionSite {
  /** Its index among all sites. */
  readonly site: number;
  readonly params: readonly FunctionParam[];
  /** What conditions ask for and nobody sees. */
  readonly hidden?: readonly FunctionParam[];
  /** Undefined for a function that gives nothing. */
  readonly result: ValueForm | undefined;
  /** Whose function it is. */
  readonly memory: Memory;
  /** The ways to reach it, the first one to be tried first; all of them lead to the same records. */
  readonly ways: readonly FunctionWay[];
  /** Only the return is of interest. */
  readonly returnOnly: boolean;
}

export interface FunctionProbe {
  readonly units: readonly FunctionUnit[];
  /** The units of some of these sites, whose ways may have become fewer. */
  unitsOf(sites: readonly FunctionSite[]): readonly FunctionUnit[];
  readonly maps: readonly MapSpec[];
  /** The layout of the records of each site given. */
  readonly layouts: readonly RecordLayout[];
}

const WORD = 8;

/** A site by one way. `site` is undefined where only the cookie tells it. */
type Reached = Omit<FunctionSite, "site" | "ways"> & FunctionWay & { readonly site: number | undefined };

export function functionProbe(sites: readonly FunctionSite[], plan: CallPlan): FunctionProbe {
  const paired = sites.filter((site) => site.ways.some((way) => isPaired(reached(site, way), plan)));
  const noted = frames(Math.max(0, ...paired.map((site) => notedWords(site, plan))));
  const layouts = sites.map((site) => layoutOf(site, plan));
  const layoutsBySite = new Map(sites.map(({ site }, i) => [site, layouts[i] as RecordLayout]));
  const unitsOf = (some: readonly FunctionSite[]) =>
    groupUnits(some, (each) => programsOf(each, layoutsBySite.get(each.site) as RecordLayout, noted, plan));
  return { units: unitsOf(sites), unitsOf, maps: paired.length === 0 ? [] : [noted.map], layouts };
}

function reached({ ways: _others, ...site }: FunctionSite, way: FunctionWay): Reached {
  return { ...site, ...way, site: isShared(way) ? undefined : site.site };
}

/** All that is asked for: what is shown comes first. */
function wordsOf({ params, hidden = [] }: Pick<FunctionSite, "params" | "hidden">): readonly FunctionParam[] {
  return [...params, ...hidden];
}

/** How many arguments must be kept until the return: by one of the ways they are gone by then. */
function notedWords(site: FunctionSite, plan: CallPlan): number {
  return Math.max(...site.ways.map((way) => notedBy(reached(site, way), plan)));
}

/** By this way. What is behind a pointer may have changed until the return, where the argument itself is still there. */
function notedBy(site: Reached, plan: CallPlan): number {
  const isThere = site.typed !== undefined && wordsOf(site).every(({ access }) => access === undefined);
  return isThere ? 0 : keptWords(wordsOf(site), plan);
}

/** Nobody asks for the arguments of calls that are only counted or timed, or were shown at the entry. */
function keptWords(words: readonly FunctionParam[], { options }: CallPlan): number {
  const { mode, where } = options;
  if (mode === "graph") return asksAtReturn(options) ? words.length : 0;
  return mode === "events" || mode === "dist" || where !== undefined ? words.length : 0;
}

/** Whether its calls are followed from the entry to the return. */
function isPaired({ return: atReturn, returnOnly }: Reached, { options }: CallPlan): boolean {
  return options.withResult && atReturn !== undefined && !returnOnly;
}

function layoutOf(site: FunctionSite, plan: CallPlan): RecordLayout {
  const { params, returnOnly, ways } = site;
  const isPair = ways.some((way) => isPaired(reached(site, way), plan));
  const withFrame = isPair && plan.options.mode === "graph";
  const withResult = returnOnly || (isPair && !withFrame);
  return recordLayout(params.length, params, { ...plan.options, withResult, withFrame });
}

function programsOf(from: FunctionSite, layout: RecordLayout, noted: Frames, plan: CallPlan): ProgramSpec[] {
  const site = reached(from, from.ways[0] as FunctionWay);
  const { entry, return: atReturn, returnOnly } = site;
  if (returnOnly && atReturn !== undefined)
    return [{ name: "call_return", hook: atReturn, code: onReturnOnly(site, layout, plan) }];
  if (!isPaired(site, plan) || atReturn === undefined)
    return [{ name: "call_entry", hook: entry, code: onEntry(site, layout, plan) }];
  return [
    { name: "call_return", hook: atReturn, code: onReturn(site, layout, noted, plan) },
    { name: "call_entry", hook: entry, code: noteEntry(site, layout, noted, plan) },
  ];
}

const SPARE = REST - WORD;

const asked = (site: Reached) => ({ params: wordsOf(site), result: site.result });

/** `r8` = the site. Loses r0–r5. */
function numberOf({ site }: Reached): Block {
  return site === undefined ? [mov(r1, r6), call(helper.getAttachCookie), mov(r8, r0)] : [mov(r8, site)];
}

/** `r1` = word `index` of a call that is being entered. Loses r0–r5. */
function argument(site: Reached, plan: CallPlan): (index: number) => Block {
  const { memory, typed } = site;
  const words = wordsOf(site);
  return (index) => {
    const { index: place, access } = words[index] as FunctionParam;
    const word =
      typed === undefined
        ? loadFunctionArgument(callRegisters(plan.facts.arch), memory, r6, place, r1, SPARE)
        : [load(8, r1, r6, WORD * place)];
    return access === undefined ? word : [word, loadMember(access, SPARE)];
  };
}

/** Where a function was called, at its first instruction, as far as stacks do not tell. */
function callerOf(site: Reached, { facts }: CallPlan): Caller | undefined {
  // An instruction inside of a function has no return, and its stack pointer is anywhere.
  if (site.typed !== undefined || site.return === undefined) return undefined;
  return entryCaller(site.memory, facts);
}

function onEntry(site: Reached, layout: RecordLayout, plan: CallPlan): Block {
  const drop = label("drop");
  const caller = callerOf(site, plan);
  const at = {
    layout,
    ...asked(site),
    site: r8,
    loadWord: argument(site, plan),
    memory: site.memory,
    caller,
  };
  return [
    [mov(r6, r1), keepCall(plan, drop)],
    [numberOf(site), reportCall(plan, at, drop)],
    [drop, mov(r0, 0), exit()],
  ];
}

/**
 * `r1` = where the call's frame lies, with TAIL_CALL: where a return that is probed would lead, there a jump from the end
 * of its function leads too. Loses r0–r5.
 */
function markedFrame(site: Reached, plan: CallPlan): Block {
  if (site.memory !== "user") return frameOf(site, plan, false);
  const registers = callRegisters(plan.facts.arch);
  const [plain, done] = [label("own_frame"), label("frame_known")];
  return [
    [loadReturnAddress(registers, r6, SPARE), rsh(r1, HIGHEST_SHIFT), jump.ne(r1, registers.highest, plain)],
    [frameOf(site, plan, false), or(r1, Number(TAIL_CALL)), jump.always(done)],
    [plain, frameOf(site, plan, false), done],
  ];
}

/** 128 KiB */
const HIGHEST_SHIFT = 17;

function noteEntry(site: Reached, layout: RecordLayout, noted: Frames, plan: CallPlan): Block {
  const drop = label("drop");
  const isNested = plan.options.mode === "graph";
  const at = {
    ...{ layout, ...asked(site), site: r8, loadWord: argument(site, plan), memory: site.memory },
    nested: { kind: RecordKind.entry, frame: markedFrame(site, plan) },
  };
  return [
    [mov(r6, r1), keepCall(plan, drop)],
    site.site === undefined || isNested ? numberOf(site) : [],
    isNested ? [tellBeginning(plan, at, drop), site.site === undefined ? numberOf(site) : []] : [],
    noteFrame(noted, plan, {
      site: site.site ?? r8,
      frame: frameOf(site, plan, false),
      loadWord: argument(site, plan),
      count: notedBy(site, plan),
      stack: SPARE,
    }),
    [drop, mov(r0, 0), exit()],
  ];
}

/** `r1` = where the call's frame lies, at its entry or its return. Loses r2. */
function frameOf({ typed }: Reached, { facts, losses }: CallPlan, atReturn: boolean): Block {
  // fentry and fexit of a call share their context, and its distance from anything tells where it is.
  if (typed !== undefined) return [mov(r1, r6), loadMapValue(r2, losses), sub(r1, r2)];
  const { stackPointer, returnPops } = callRegisters(facts.arch);
  return stackPointerOf(r6, stackPointer, atReturn ? returnPops : 0);
}

/** `r1` = the result, 0 for a function that gives none. */
function resultOf({ typed, result }: Reached, { facts }: CallPlan): Block {
  if (result === undefined) return [mov(r1, 0)];
  return [load(8, r1, r6, typed === undefined ? callRegisters(facts.arch).result : WORD * typed)];
}

function onReturn(site: Reached, layout: RecordLayout, noted: Frames, plan: CallPlan): Block {
  const none = label("not_noted");
  const quick = label("quick");
  const loadWord = notedBy(site, plan) > 0 ? (index: number) => frameWord(r7, index) : argument(site, plan);
  const frame = frameOf(site, plan, true);
  const at = { layout, ...asked(site), site: r8, loadWord, memory: site.memory };
  const isNested = plan.options.mode === "graph";
  return [
    mov(r6, r1),
    site.site === undefined || isNested ? numberOf(site) : [],
    findFrame(noted, site.site ?? r8, frame, r7, SPARE, none),
    [resultOf(site, plan), store(8, fp, RESULT, r1)],
    [measure(plan, quick), site.site === undefined || isNested ? [] : numberOf(site)],
    isNested ? tellReturn(plan, at, frame, quick) : [reportCall(plan, at, quick), quick],
    forgetFrame(noted, SPARE),
    [none, mov(r0, 0), exit()],
  ];
}

function onReturnOnly(site: Reached, layout: RecordLayout, plan: CallPlan): Block {
  const drop = label("drop");
  const at = { layout, ...asked(site), site: r8, loadWord: argument(site, plan), memory: site.memory };
  return [
    [mov(r6, r1), keepCall(plan, drop)],
    [resultOf(site, plan), store(8, fp, RESULT, r1)],
    [call(helper.ktimeGetNs), store(8, fp, START, r0), store(8, fp, DURATION, 0)],
    [numberOf(site), reportCall(plan, at, drop)],
    [drop, mov(r0, 0), exit()],
  ];
}
