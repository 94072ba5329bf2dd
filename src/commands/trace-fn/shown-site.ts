import type { RecordLayout } from "../../probes/calls/call-record";
import type { Param, ValueForm } from "../../probes/calls/value-form";

/** What is traced, as the output shows it. Its index is what records carry. */
export interface ShownSite {
  /** Such as `openat` or `libc:malloc`. */
  readonly name: string;
  /** What kind of place it is. */
  readonly category: "syscall" | "tracepoint" | "user" | "kernel";
  readonly params: readonly Param[];
  readonly layout: RecordLayout;
  /** Undefined where there is no result to show. */
  readonly result: ValueForm | undefined;
  /** Results from −4095 to −1 are error numbers. */
  readonly failsByErrno: boolean;
}
