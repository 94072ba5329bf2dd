/** The records of executions, ends and failed attempts, as they pass through the ring buffer. Pure. */
import { array, count64, cstring, struct, u32, u64 } from "../../core/codec";
import { type ExecDimension, type ExecKey, execKeyCodec } from "../../probes/exec-key";
import { PATH_SIZE } from "../../probes/file-path";
import { type TaskFigure, taskFigures } from "../../probes/task-cost";

/** What a record tells. */
export type ExecEvent = { readonly timeNs: bigint } & (
  | ({ readonly kind: "exec"; readonly ppid: number } & ExecKey)
  | ({
      readonly kind: "failed";
      readonly ppid: number;
      readonly errno: number;
      readonly path: string;
    } & ExecKey)
  | ({
      readonly kind: "exit";
      readonly status: number;
      readonly ageNs: number;
      readonly maxRssPages: number;
    } & ExecKey &
      Readonly<Record<TaskFigure, number>>)
);

export const Kind = { exec: 1, exit: 2, failed: 3 } as const;
export const Head = struct({ timeNs: u64, kind: u32, ppid: u32 });
export const ExitPart = struct({
  figures: array(count64, taskFigures.length),
  ageNs: count64,
  maxRssPages: count64,
  status: u32,
  pad: u32,
});
export const FailedPart = struct({ errno: u32, path: cstring(PATH_SIZE), pad: u32 });

const who: readonly ExecDimension[] = ["pid", "comm", "parent", "uid", "cgroup"];

/** The keys that records end with, and how a record is read. */
export function recordCodecs({ exe, argsSize }: { readonly exe: boolean; readonly argsSize: number }) {
  const execKey = execKeyCodec([...who, ...(exe ? (["exe"] as const) : []), "args"], argsSize);
  const failedKey = execKeyCodec(who, 8);
  const exitKey = execKeyCodec(["comm", "uid", "pid"], 8);
  const decode = (view: DataView, at: number, length: number): ExecEvent => {
    const { timeNs, kind, ppid } = Head.decode(view, at);
    const from = at + Head.size;
    if (kind === Kind.failed) {
      const { errno, path } = FailedPart.decode(view, from);
      return { kind: "failed", timeNs, ppid, errno, path, ...failedKey.decode(view, from + FailedPart.size) };
    }
    if (kind === Kind.exit) {
      const { figures, ageNs, maxRssPages, status } = ExitPart.decode(view, from);
      const named = Object.fromEntries(taskFigures.map((name, i) => [name, figures[i] as number]));
      const key = exitKey.decode(view, from + ExitPart.size);
      const costs = named as Record<TaskFigure, number>;
      return { kind: "exit", timeNs, status, ageNs, maxRssPages, ...costs, ...key };
    }
    // The record ends with the command line: what is missing of it was not there.
    const whole = new Uint8Array(execKey.size);
    whole.set(new Uint8Array(view.buffer, view.byteOffset + from, length - Head.size));
    return { kind: "exec", timeNs, ppid, ...execKey.decode(new DataView(whole.buffer), 0) };
  };
  return { execKey, failedKey, exitKey, decode };
}
