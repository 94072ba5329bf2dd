/**
 * System calls as they are entered, or as they return: one program for all that are chosen. Pure.
 *
 *     r6  the context
 *     r7  the call's number, later its site
 *     r8  its group: calls whose records have the same layout
 *     r9  to use
 */
import { add, and, lsh, mov, rsh, sub } from "../../asm/alu";
import { helper } from "../../asm/helper-ids";
import { type Block, type Label, label } from "../../asm/instruction";
import { call, exit, jump } from "../../asm/jump";
import { keepOnly } from "../../asm/macros/filter";
import { load, loadMapValue, store } from "../../asm/memory";
import { fp, type Register, r0, r1, r2, r6, r7, r8, r9 } from "../../asm/register";
import { type MapSpec, mappableArray } from "../../bpf/map-spec";
import type { ProgramSpec } from "../../bpf/program-spec";
import { bytes } from "../../core/codec";
import { NotSupportedError } from "../../core/errors";
import { nativeAbi, syscallNumber } from "../../symbols/syscalls";
import { filterSignature } from "../conditions/call-condition";
import { parseNumberName } from "../conditions/condition";
import { keepDescendants } from "../descendants";
import { dropOurselves } from "../ourselves";
import { abiCode } from "../syscall-abi";
import { syscallHook, typedRegisters } from "../syscall-registers";
import { enterCall, exitCall, threadCallMaps, threadIdentity } from "../thread-calls";
import {
  asksAtReturn,
  type CallAtHand,
  type CallPlan,
  keepFiltered,
  measure,
  REST,
  RESULT,
  reportCall,
  SCRATCH,
  START,
  tellBeginning,
  tellReturn,
} from "./call-plan";
import { layoutSignature, RecordKind, type RecordLayout, recordLayout } from "./call-record";
import type { FunctionParam } from "./function-calls";
import { callRegisters } from "./registers";
import type { Param, ValueForm } from "./value-form";

/** A chosen call. */
export interface SyscallSite {
  /** Its index among all sites. */
  readonly site: number;
  readonly number: number;
  /** Each with the register it is in. */
  readonly params: readonly FunctionParam[];
  /** What conditions ask for and nobody sees. */
  readonly hidden: readonly FunctionParam[];
  readonly result: ValueForm;
}

/** Numbers that the table has an entry for; all known ones are far below. */
const NUMBERS = 512;
const ENTRY_SHIFT = 2;
/** An entry is the group in its upper half and the site, from 1, in the lower one; 0 is no chosen call. */
const SITE_BITS = 16;

interface Groups {
  readonly layouts: readonly RecordLayout[];
  /** A member of each. */
  readonly examples: readonly SyscallSite[];
  /** Of each site's call, in the order of the sites given. */
  readonly of: readonly number[];
}

/** What the names of a condition and of a distribution stand for. */
function numbersSignature({ options }: CallPlan, params: readonly Param[], result: ValueForm): string {
  const { where, dist } = options;
  const names = [where, dist === undefined ? undefined : parseNumberName(dist)];
  return names.map((filter) => filterSignature(filter, params, result)).join("|");
}

/**
 * Groups calls by which of their arguments lead further, and by what a condition's names stand for; the longest decides
 * how many words are kept.
 */
function groupsOf(sites: readonly SyscallSite[], plan: CallPlan): Groups {
  const kindOf = ({ params, hidden, result }: SyscallSite) =>
    [layoutSignature(params), placesOf(params), numbersSignature(plan, [...params, ...hidden], result)].join(
      "|",
    );
  const kinds = [...new Set(sites.map(kindOf))];
  const examples = kinds.map((kind) => sites.find((site) => kindOf(site) === kind) as SyscallSite);
  const layouts = kinds.map((kind, i) => {
    const members = sites.filter((site) => kindOf(site) === kind);
    const words = Math.max(...members.map(({ params }) => params.length));
    const isNested = plan.options.mode === "graph";
    const options = {
      ...plan.options,
      withResult: plan.options.withResult && !isNested,
      withFrame: isNested,
    };
    return recordLayout(words, (examples[i] as SyscallSite).params, options);
  });
  return { layouts, examples, of: sites.map((site) => kinds.indexOf(kindOf(site))) };
}

export interface SyscallProbe {
  readonly programs: readonly ProgramSpec[];
  readonly maps: readonly MapSpec[];
  /** The layout of the records of each site given. */
  readonly layouts: readonly RecordLayout[];
}

/** Which registers are shown, where they are not all in their order. */
function placesOf(params: readonly FunctionParam[]): string {
  return params.every(({ index }, i) => index === i) ? "" : params.map(({ index }) => index).join();
}

/** The programs that trace these calls. Throws a NotSupportedError on a kernel without BTF. */
export function syscallProbe(sites: readonly SyscallSite[], plan: CallPlan): SyscallProbe {
  if (typedRegisters(plan.facts) === undefined)
    throw new NotSupportedError("system calls: their arguments need the kernel's BTF", {
      hint: "this kernel has no /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF)",
    });
  const groups = groupsOf(sites, plan);
  const table = sites.length === 1 ? undefined : siteTable(sites, groups);
  const layouts = groups.of.map((group) => groups.layouts[group] as RecordLayout);
  const chosen = { sites, groups, table };
  const { withResult } = plan.options;
  return {
    programs: withResult
      ? [onExit(chosen, plan), onEnter(chosen, plan, true)]
      : [onEnter(chosen, plan, false)],
    maps: [...(table === undefined ? [] : [table]), ...(withResult ? threadCallMaps : [])],
    layouts,
  };
}

interface Chosen {
  readonly sites: readonly SyscallSite[];
  readonly groups: Groups;
  readonly table: MapSpec | undefined;
}

function siteTable(sites: readonly SyscallSite[], groups: Groups): MapSpec {
  const contents = new Uint32Array(NUMBERS);
  sites.forEach(({ number, site }, i) => {
    contents[number] = ((groups.of[i] as number) << SITE_BITS) | (site + 1);
  });
  const spec = mappableArray("chosen_calls", bytes(contents.byteLength), 1);
  return { ...(spec as MapSpec), contents: new Uint8Array(contents.buffer) };
}

/** Goes to `drop` unless the call in r7 is chosen. Loses r1 and r2. */
function keepChosen({ sites, table }: Chosen, drop: Label): Block {
  if (table === undefined)
    return keepOnly(
      r7,
      sites.map(({ number }) => number),
      drop,
    );
  return [loadEntry(table, r1, drop), jump.eq(r1, 0, drop)];
}

/** `dst` = the table's entry of the call in r7. Loses r2. */
function loadEntry(table: MapSpec, dst: Register, drop: Label): Block {
  return [
    [jump.ge(r7, NUMBERS, drop), mov(dst, r7), lsh(dst, ENTRY_SHIFT)],
    [loadMapValue(r2, table), add(r2, dst), load(4, dst, r2, 0)],
  ];
}

/** r7 = the site of the call in r7, r8 = its group. */
function loadSite({ sites, table }: Chosen, drop: Label): Block {
  const [only] = sites;
  if (table === undefined) return [mov(r7, only?.site ?? 0), mov(r8, 0)];
  return [
    [loadEntry(table, r8, drop), mov(r7, r8), and(r7, 2 ** SITE_BITS - 1), sub(r7, 1)],
    rsh(r8, SITE_BITS),
  ];
}

function onEnter(chosen: Chosen, plan: CallPlan, isNoted: boolean): ProgramSpec {
  const { facts } = plan;
  const drop = label("drop");
  const native = nativeAbi(facts.arch);
  return {
    name: "sys_enter",
    hook: syscallHook("sys_enter", facts),
    code: [
      // The context is (struct pt_regs *, long number).
      [mov(r6, r1), load(8, r7, r6, 8), keepChosen(chosen, drop)],
      keepProcesses(plan, drop),
      keepFiltered(plan, drop),
      [abiCode(facts, r6, r7, r8, SCRATCH), jump.ne(r8, 0, drop)],
      isNoted && plan.options.mode !== "graph" ? [] : report(chosen, plan, drop),
      // A report has used these registers.
      isNoted && plan.options.mode === "graph" ? [load(8, r7, r6, 8), mov(r8, 0)] : [],
      isNoted
        ? [
            [threadIdentity(facts, r9, r6), call(helper.ktimeGetNs)],
            enterCall(native, r9, { number: r7, abi: r8, startNs: r0 }, r2, REST),
          ]
        : [],
      [drop, mov(r0, 0), exit()],
    ],
  };
}

/** Not ourselves; with COMMAND, nothing but its descendants, from its execve on. */
function keepProcesses({ options, facts }: CallPlan, drop: Label): Block {
  if (options.follow) {
    const execve = syscallNumber(nativeAbi(facts.arch), "execve") as number;
    return keepDescendants(drop, [jump.ne(r7, execve, drop)]);
  }
  if (options.filter.pids !== undefined) return [];
  return dropOurselves(options.ourselves, facts, r6, drop);
}

function onExit(chosen: Chosen, plan: CallPlan): ProgramSpec {
  const { facts } = plan;
  const drop = label("drop");
  return {
    name: "sys_exit",
    hook: syscallHook("sys_exit", facts),
    code: [
      // The context is (struct pt_regs *, long result).
      [mov(r6, r1), threadIdentity(facts, r9, r6)],
      exitCall(r9, { number: r7, abi: r8, startNs: r9 }, r2, REST, drop),
      [store(8, fp, START, r9), load(8, r1, r6, 8), store(8, fp, RESULT, r1)],
      plan.options.mode === "graph"
        ? reportReturn(chosen, plan, drop)
        : [measure(plan, drop), report(chosen, plan, drop)],
      [drop, mov(r0, 0), exit()],
    ],
  };
}

/** A thread is in one system call at a time: there is no frame to tell it by. */
const NO_FRAME: Block = [mov(r1, 0)];

/** Reports the return of the call in r7, whose beginning was reported. */
function reportReturn(chosen: Chosen, plan: CallPlan, drop: Label): Block {
  const { layouts } = chosen.groups;
  // Without a condition the returns of all groups are alike.
  const groups = asksAtReturn(plan.options) ? layouts : layouts.slice(0, 1);
  const done = label("reported");
  return [
    loadSite(chosen, drop),
    byGroup(groups, done, (layout, group) => {
      const quick = label("passed_over");
      return [measure(plan, quick), tellReturn(plan, callOf(chosen, plan, layout, group), NO_FRAME, quick)];
    }),
    done,
  ];
}

/** Reports the call in r7, by the layout of its group. */
function report(chosen: Chosen, plan: CallPlan, drop: Label): Block {
  const { layouts } = chosen.groups;
  const { mode, where } = plan.options;
  const isNested = mode === "graph";
  const done = label("reported");
  const isAlike = (mode === "count" || mode === "latency" || mode === "stacks") && where === undefined;
  const nested = isNested ? { kind: RecordKind.entry, frame: NO_FRAME } : undefined;
  const tell = isNested ? tellBeginning : reportCall;
  return [
    loadSite(chosen, drop),
    byGroup(isAlike ? layouts.slice(0, 1) : layouts, isNested ? done : drop, (layout, group) =>
      tell(plan, { ...callOf(chosen, plan, layout, group), nested }, drop),
    ),
    isNested ? done : [],
  ];
}

/** What is done for the group in r8, one of these; then goes to `done`, from the last one by falling through. */
function byGroup(
  groups: readonly RecordLayout[],
  done: Label,
  of: (layout: RecordLayout, group: number) => Block,
): Block {
  return groups.map((layout, group) => {
    if (group === groups.length - 1) return of(layout, group);
    const next = label("next_group");
    return [jump.ne(r8, group, next), of(layout, group), jump.always(done), next];
  });
}

/** The call in r7, which is a site of this group. */
function callOf(chosen: Chosen, plan: CallPlan, layout: RecordLayout, group: number): CallAtHand {
  const argument = syscallArguments(plan);
  const { params: shown, hidden, result } = chosen.groups.examples[group] as SyscallSite;
  const params = [...shown, ...hidden];
  // Others of the group may show more, each register in its place.
  const loadWord = (index: number) => argument(params[index]?.index ?? index);
  return { layout, params, result, site: r7, loadWord, memory: "user" };
}

/** `r1` = argument `index`, through the pointer to the registers in the context. */
function syscallArguments({ facts }: CallPlan): (index: number) => Block {
  const { syscallArguments: offsets } = callRegisters(facts.arch);
  // The first register of arm64 becomes the result; what was in it is kept beside.
  const saved = facts.arch === "arm64" ? facts.btf()?.requireMember("pt_regs", "orig_x0").offset : undefined;
  return (index) => {
    const offset = index === 0 && saved !== undefined ? saved : (offsets[index] as number);
    return [load(8, r1, r6, 0), load(8, r1, r1, offset)];
  };
}
