/** Shows the programs that are started on this machine while a command runs: sudo node stream-execs.js make */
import { spawn } from "node:child_process";
import {
  add,
  atomicAdd,
  type Block,
  COMM_SIZE,
  call,
  count64,
  cstring,
  currentPid,
  emitRecord,
  exit,
  helper,
  loadMapValue,
  mappableArray,
  mov,
  openKernel,
  type ProbeSpec,
  RingBufferFlag,
  r0,
  r1,
  r2,
  r7,
  ringBuffer,
  Session,
  store,
  struct,
  u32,
} from "bpfkit";

const Exec = struct({ timeNs: count64, pid: u32, uid: u32, name: cstring(COMM_SIZE) });
const execs = ringBuffer("execs", 256 * 1024, Exec);
const lost = mappableArray("lost", count64, 1);

const at = Exec.offsets;
const fill: Block = [
  [call(helper.ktimeGetNs), store(8, r7, at.timeNs, r0)],
  [currentPid(), store(4, r7, at.pid, r0)],
  [call(helper.getCurrentUidGid), store(4, r7, at.uid, r0)],
  [mov(r1, r7), add(r1, at.name), mov(r2, COMM_SIZE), call(helper.getCurrentComm)],
];

const onFull: Block = [loadMapValue(r1, lost), mov(r2, 1), atomicAdd(8, r1, 0, r2)];
const flags = RingBufferFlag.BPF_RB_NO_WAKEUP;
const code: Block = [
  emitRecord({ ring: execs, size: Exec.size, record: r7, fill, flags, onFull }),
  mov(r0, 0),
  exit(),
];
const probe: ProbeSpec = {
  maps: [execs, lost],
  programs: [{ name: "on_exec", hook: { kind: "raw-tracepoint", name: "sched_process_exec" }, code }],
};

async function main([command, ...args]: readonly string[]): Promise<void> {
  if (command === undefined) throw new Error("usage: stream-execs COMMAND [ARG…]");
  using session = Session.open(openKernel(), probe);
  const end = new AbortController();
  spawn(command, args, { stdio: "inherit" }).once("exit", () => end.abort());
  let first: number | undefined;
  for await (const { timeNs, pid, uid, name } of session.ringBuffer(execs).records({ signal: end.signal })) {
    first ??= timeNs;
    const ms = ((timeNs - first) / 1e6).toFixed(3);
    console.log(ms.padStart(10), String(pid).padStart(7), String(uid).padStart(5), name);
  }
  console.log("lost:", session.mappedArray(lost).get(0));
}

void main(process.argv.slice(2));
