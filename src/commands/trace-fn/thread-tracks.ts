/** Which threads have been met, for files that have a track for each and want its name once. */
import { CallHead } from "../../probes/calls/call-record";

/** A thread that is new or has another name. */
export interface Met {
  readonly pid: number;
  readonly tid: number;
  readonly comm: string;
  /** Whether its process is new, or is called by this thread's name. */
  readonly namesProcess: boolean;
}

const { tid: TID, pid: PID, comm: COMM } = CallHead.offsets;
const COMM_SIZE = 16;
/** Threads that are remembered; after that many all are told of again. */
const MOST = 65_536;

export class ThreadTracks {
  private readonly threads = new Map<
    number,
    { readonly pid: number; readonly words: readonly [bigint, bigint] }
  >();
  private readonly processes = new Set<number>();

  /** Tells of the thread that made the call at `at`, if there is something new about it. */
  meet(view: DataView, at: number): Met | undefined {
    const tid = view.getUint32(at + TID, true);
    const pid = view.getUint32(at + PID, true);
    const known = this.threads.get(tid);
    const words = [view.getBigUint64(at + COMM, true), view.getBigUint64(at + COMM + 8, true)] as const;
    if (known?.pid === pid && known.words[0] === words[0] && known.words[1] === words[1]) return undefined;
    if (this.threads.size >= MOST) {
      this.threads.clear();
      this.processes.clear();
    }
    this.threads.set(tid, { pid, words });
    const namesProcess = tid === pid || !this.processes.has(pid);
    this.processes.add(pid);
    return { pid, tid, comm: commAt(view, at + COMM), namesProcess };
  }
}

function commAt(view: DataView, at: number): string {
  const bytes = Buffer.from(view.buffer, view.byteOffset + at, COMM_SIZE);
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end < 0 ? COMM_SIZE : end);
}
