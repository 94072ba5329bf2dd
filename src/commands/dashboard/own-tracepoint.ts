/** A tracepoint of the user's own, counted or by a field of its record. Pure. */
import { arsh, lsh, mov } from "../../asm/alu";
import { type Block, label } from "../../asm/instruction";
import { exit } from "../../asm/jump";
import { load } from "../../asm/memory";
import { r0, r1, r6, r8 } from "../../asm/register";
import type { ProgramSpec } from "../../bpf/program-spec";
import { kernelIds } from "../../probes/current-task";
import { keepDescendants } from "../../probes/descendants";
import { dropProcess, keepTask } from "../../probes/task-filter";
import {
  addAmount,
  addOne,
  type OwnTracepoint,
  place,
  SCRATCH,
  type Scene,
  type TracepointField,
} from "./slots";

/** A tracepoint through perf, whose context is its record. */
export function ownProgram(
  scene: Scene,
  { name, tracepoint, field }: OwnTracepoint,
  at: number,
): ProgramSpec {
  const drop = label("drop");
  const { options, facts } = scene;
  const ourselves: Block =
    options.filter.pids !== undefined ? [] : [kernelIds(), dropProcess(r0, options.ourselves.pid, drop)];
  return {
    name: `own_${at}`,
    hook: { kind: "tracepoint", name: tracepoint },
    code: [
      mov(r6, r1),
      options.follow ? keepDescendants(drop) : ourselves,
      keepTask(options.filter, facts.pidNamespace, SCRATCH, drop),
      field === undefined ? [] : loadField(field),
      [place(scene), field === undefined ? addOne(scene, name) : addAmount(scene, name, r8)],
      // 0 would hide the event from others who have opened it through perf.
      [drop, mov(r0, 1), exit()],
    ],
  };
}

/** r8 = the field. Loads that extend the sign are younger than some kernels. */
function loadField({ offset, size, signed }: TracepointField): Block {
  const above = 64 - 8 * size;
  return [load(size, r8, r6, offset), signed && above > 0 ? [lsh(r8, above), arsh(r8, above)] : []];
}
