/** The counters there are out of the box: what each counts, and at which tracepoint. */

export type Unit = "events" | "bytes";

/** A tracepoint that counters hang on. */
export type Source =
  | "sys_exit"
  | "netif_receive_skb"
  | "net_dev_xmit"
  | "kfree_skb"
  | "sched_process_exec"
  | "sched_process_fork"
  | "sched_process_exit"
  | "sched_switch"
  | "page_fault_user"
  | "block_bio_queue"
  | "inet_sock_set_state"
  | "tcp_retransmit_skb";

interface Counter {
  readonly unit: Unit;
  /** One line for `--list`. */
  readonly help: string;
  readonly source: Source;
}

/** Each name is what `--events` and alerts take. */
export const counters = {
  syscalls: { unit: "events", source: "sys_exit", help: "system calls that returned" },
  failed: { unit: "events", source: "sys_exit", help: "system calls that returned an error" },
  opens: { unit: "events", source: "sys_exit", help: "files opened: open, openat, openat2, creat" },
  closes: { unit: "events", source: "sys_exit", help: "descriptors closed by close, of files or not" },
  reads: { unit: "events", source: "sys_exit", help: "read, pread64, readv, preadv, preadv2 that succeeded" },
  "read-bytes": { unit: "bytes", source: "sys_exit", help: "what these reads returned" },
  writes: {
    unit: "events",
    source: "sys_exit",
    help: "write, pwrite64, writev, pwritev, pwritev2 that succeeded",
  },
  "write-bytes": { unit: "bytes", source: "sys_exit", help: "what these writes wrote" },
  "rx-packets": { unit: "events", source: "netif_receive_skb", help: "packets received, loopback included" },
  "rx-bytes": { unit: "bytes", source: "netif_receive_skb", help: "their length without the link header" },
  "tx-packets": { unit: "events", source: "net_dev_xmit", help: "packets sent, loopback included" },
  "tx-bytes": { unit: "bytes", source: "net_dev_xmit", help: "their length with the link header" },
  drops: { unit: "events", source: "kfree_skb", help: "packets thrown away instead of being delivered" },
  execs: { unit: "events", source: "sched_process_exec", help: "programs started by execve" },
  forks: { unit: "events", source: "sched_process_fork", help: "processes and threads created" },
  exits: { unit: "events", source: "sched_process_exit", help: "processes and threads ended" },
  switches: { unit: "events", source: "sched_switch", help: "context switches, by the task switched from" },
  faults: { unit: "events", source: "page_fault_user", help: "page faults in user mode" },
  "block-ios": { unit: "events", source: "block_bio_queue", help: "requests handed to block devices" },
  "block-bytes": { unit: "bytes", source: "block_bio_queue", help: "their size" },
  connects: { unit: "events", source: "inet_sock_set_state", help: "TCP connections begun from here" },
  accepts: {
    unit: "events",
    source: "inet_sock_set_state",
    help: "TCP connections established from outside",
  },
  retransmits: { unit: "events", source: "tcp_retransmit_skb", help: "TCP segments sent again" },
} as const satisfies Readonly<Record<string, Counter>>;

export type CounterName = keyof typeof counters;
export const counterNames = Object.keys(counters) as readonly CounterName[];

/** The difference of two counters, which is read and not counted. */
export const unclosed = {
  name: "unclosed",
  unit: "events",
  plus: "opens",
  minus: "closes",
  help: "opens less closes",
} as const;
