/** What hooks made of perf events share: opening the event, and giving it a program. */
import { AttachType, BpfCmd } from "../../core/bpf-uapi";
import { errno } from "../../core/errno";
import { NotSupportedError } from "../../core/errors";
import { Resources } from "../../core/resources";
import { Attr, type AttrValue } from "../../sys/attr";
import { PerfEventAttr, PerfIoctl } from "../../sys/perf-event";
import type { Access } from "../access";
import { LinkCreate } from "../attr-layouts";
import { Fd } from "../fd";
import { Link } from "../link";
import { missedByKprobe } from "../link-info";
import type { Program } from "../program";

export type PerfFields = { readonly [F in keyof typeof PerfEventAttr.fields]?: AttrValue };

/** Whose event it is. */
export interface PerfTarget {
  /** −1: of every process, on `cpu`. */
  readonly pid: number;
  /** −1: on every CPU, of `pid`. */
  readonly cpu: number;
}

/** perf_event_open(2); returns the descriptor or −errno. */
export function openPerfEvent({ sys }: Access, fields: PerfFields, { pid, cpu }: PerfTarget): number {
  return sys.perfEventOpen(Attr.of(PerfEventAttr, { ...fields, size: PerfEventAttr.size }), pid, cpu);
}

/**
 * Makes an event run a program, and switches the event on. By a BPF link (since Linux 5.15), which can carry a cookie,
 * or by ioctl where the kernel knows no such link. Takes the event's descriptor over.
 */
export function attachToEvent(
  access: Access,
  program: Program,
  eventFd: number,
  { operation, cookie }: { readonly operation: string; readonly cookie?: bigint | undefined },
): Link {
  const { sys } = access;
  let missed = () => 0;
  using opened = new Resources();
  const event = opened.use(new Fd(sys, eventFd, "perf event"));
  const attr = Attr.of(LinkCreate, {
    progFd: program.number,
    targetFd: event.number,
    attachType: AttachType.BPF_PERF_EVENT,
    bpfCookie: cookie,
  });
  const link = sys.bpf(BpfCmd.BPF_LINK_CREATE, attr);
  const held = link < 0 ? undefined : opened.use(new Fd(sys, link, "link"));
  if (held !== undefined) missed = () => missedByKprobe(sys, held);
  else if (link !== -errno.EINVAL) throw access.refusal(operation, -link);
  else giveByIoctl(access, program, event, operation, cookie);
  const enabled = sys.ioctl(event.number, PerfIoctl.enable, 0);
  if (enabled < 0) throw access.refusal(operation, -enabled);
  opened.defer(() => sys.ioctl(event.number, PerfIoctl.disable, 0));
  return Link.of(held === undefined ? "perf-event" : "bpf-link", opened, 1, missed);
}

function giveByIoctl(
  access: Access,
  program: Program,
  event: Fd,
  operation: string,
  cookie: bigint | undefined,
): void {
  const given = access.sys.ioctl(event.number, PerfIoctl.setBpf, program.number);
  if (given < 0) throw access.refusal(operation, -given);
  if (cookie !== undefined)
    throw new NotSupportedError(`${operation}: this kernel has no attach cookies`, {
      hint: "needs Linux 5.15 or newer",
    });
}
