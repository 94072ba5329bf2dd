/** Counters of the user's own: tracepoints, functions and system calls, counted or by a number that is there. Pure. */
import { arsh, lsh, mov } from "../../asm/alu";
import { type Block, type Label, label } from "../../asm/instruction";
import { exit, jump } from "../../asm/jump";
import { keepOnly } from "../../asm/macros/filter";
import { load } from "../../asm/memory";
import { r0, r1, r6, r7, r8 } from "../../asm/register";
import type { Hook, ProgramSpec } from "../../bpf/program-spec";
import type { Param } from "../../probes/calls/value-form";
import { kernelIds } from "../../probes/current-task";
import { keepDescendants } from "../../probes/descendants";
import { dropOurselves } from "../../probes/ourselves";
import { abiCode } from "../../probes/syscall-abi";
import { cutToForm, loadEventArgument } from "../../probes/targets/event-site";
import { dropProcess, keepTask } from "../../probes/task-filter";
import {
  addAmount,
  addOne,
  type OwnCounter,
  type OwnPlace,
  place,
  SCRATCH,
  type Scene,
  type TracepointField,
  WORD,
} from "./slots";

/** A program for each place, all of which add to the counter. Their names begin with `prefix`. */
export function ownPrograms(scene: Scene, { name, places }: OwnCounter, prefix: string): ProgramSpec[] {
  return places.map((each, at) => {
    const drop = label("drop");
    const amount = amountAt(each, scene);
    return {
      name: places.length === 1 ? prefix : `${prefix}_${at}`,
      hook: hookOf(each),
      code: [
        mov(r6, r1),
        keepCalls(each, scene, drop),
        keepProcesses(each, scene, drop),
        keepTask(scene.options.filter, scene.facts.pidNamespace, SCRATCH, drop),
        amount ?? [],
        [place(scene), amount === undefined ? addOne(scene, name) : addAmount(scene, name, r8)],
        // Through perf 0 would hide the event from others who have opened it.
        [drop, mov(r0, "tracepoint" in each ? 1 : 0), exit()],
      ],
    };
  });
}

function hookOf(each: OwnPlace): Hook {
  return "tracepoint" in each ? { kind: "tracepoint", name: each.tracepoint } : each.site.hook;
}

/** These system calls only: numbers mean others in 32-bit programs. Loses r7 and r8. */
function keepCalls(each: OwnPlace, { facts }: Scene, drop: Label): Block {
  if ("tracepoint" in each || each.site.syscalls === undefined) return [];
  return [
    [load(8, r7, r6, WORD), keepOnly(r7, each.site.syscalls, drop)],
    [abiCode(facts, r6, r7, r8, SCRATCH), jump.ne(r8, 0, drop)],
  ];
}

/** Not ourselves; with COMMAND, nothing but its descendants. */
function keepProcesses(each: OwnPlace, { options, facts }: Scene, drop: Label): Block {
  if (options.follow) return keepDescendants(drop);
  if (options.filter.pids !== undefined) return [];
  return "site" in each && each.site.arguments === "syscall"
    ? dropOurselves(options.ourselves, facts, r6, drop)
    : [kernelIds(), dropProcess(r0, options.ourselves.pid, drop)];
}

/** r8 = the number to add up; undefined where there is none. */
function amountAt(each: OwnPlace, { facts }: Scene): Block | undefined {
  if ("tracepoint" in each) return each.field && loadField(each.field);
  const { site, argument } = each;
  if (argument === undefined) return undefined;
  const { form } = site.params[argument] as Param;
  return [loadEventArgument(site, argument, facts.arch, r6, r8), cutToForm(r8, form)];
}

/** r8 = the field. Loads that extend the sign are younger than some kernels. */
function loadField({ offset, size, signed }: TracepointField): Block {
  const above = 64 - 8 * size;
  return [load(size, r8, r6, offset), signed && above > 0 ? [lsh(r8, above), arsh(r8, above)] : []];
}
