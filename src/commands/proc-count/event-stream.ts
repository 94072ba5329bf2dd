/** The records of the ring buffer as rows: a command line is remembered until its process ends. */
import type { Session } from "../../bpf/session";
import { NS_PER } from "../../core/units";
import type { Context } from "../context";
import { type EventNames, type EventRow, eventRow, type KnownArgs } from "./event-rows";
import type { EventsProbe } from "./events-probe";

/** How long a process may take from its exit to its last switch. */
const ENDING_NS = NS_PER.s;
/** Between two looks at the cgroups. */
const CGROUPS_NS = BigInt(NS_PER.s);

/** The records of a session as rows, in the order they were made. */
export class EventStream {
  private readonly names: EventNames;
  private readonly known = new Map<number, KnownArgs>();
  private cgroups: ReadonlyMap<bigint, string> = new Map();
  private cgroupsAt = 0n;

  constructor(
    private readonly context: Context,
    private readonly session: Session,
    private readonly probe: EventsProbe,
    private readonly pageSize: number,
    /** Command lines to remember. */
    private readonly most: number,
  ) {
    const { machine, clock } = context;
    const users = machine.users();
    const wallMs = clock.now().getTime();
    const monotonic = clock.monotonicNs();
    this.names = {
      user: (id) => users.nameOf(id),
      cgroup: (id) => this.cgroupOf(id),
      date: (timeNs) => new Date(wallMs + Number(timeNs - monotonic) / NS_PER.ms),
    };
  }

  /** What came since the last time. */
  next(): EventRow[] {
    return this.session
      .ringBuffer(this.probe.ring)
      .drain()
      .map((event) => {
        const pid = event.pid ?? 0;
        const row = eventRow(event, this.names, this.pageSize, this.known.get(pid));
        if (event.kind === "exec") this.remember(pid, row);
        if (event.kind === "exit") this.known.delete(pid);
        return row;
      });
  }

  /** Waits for the processes that are on their way out. */
  async untilEnded(): Promise<void> {
    const { clock } = this.context;
    const { ending } = this.probe;
    if (ending === undefined) return;
    const never = new AbortController().signal;
    const end = clock.monotonicNs() + BigInt(ENDING_NS);
    while (this.session.map(ending).entries().length > 0 && clock.monotonicNs() < end)
      await clock.sleep(NS_PER.ms, never);
  }

  private remember(pid: number, { args, argsCut }: EventRow): void {
    const [oldest] = this.known.keys();
    if (this.known.size >= this.most && oldest !== undefined) this.known.delete(oldest);
    this.known.set(pid, { args: args ?? [], argsCut: argsCut ?? false });
  }

  /** All cgroups are read again for one that is new, but not more than once a second. */
  private cgroupOf(id: bigint): string | undefined {
    const now = this.context.clock.monotonicNs();
    if (!this.cgroups.has(id) && (this.cgroupsAt === 0n || now - this.cgroupsAt > CGROUPS_NS)) {
      this.cgroups = this.context.machine.cgroupsById();
      this.cgroupsAt = now;
    }
    return this.cgroups.get(id);
  }
}
