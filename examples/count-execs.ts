/** Counts the programs that are started on this machine while a command runs: sudo node count-execs.js make */
import { spawnSync } from "node:child_process";
import {
  atomicAdd,
  type Block,
  COMM_SIZE,
  count64,
  cstring,
  exit,
  hashMap,
  increment,
  loadMapValue,
  mappableArray,
  mov,
  openKernel,
  type ProbeSpec,
  r0,
  r1,
  r2,
  readComm,
  Session,
} from "bpfkit";

const counts = hashMap("counts", { key: cstring(COMM_SIZE), value: count64, maxEntries: 1024 });
const lost = mappableArray("lost", count64, 1);

const NAME = -COMM_SIZE;
const ONE = NAME - 8;

const countLost: Block = [loadMapValue(r1, lost), mov(r2, 1), atomicAdd(8, r1, 0, r2)];
const code: Block = [readComm(NAME), increment(counts, NAME, ONE, { onFull: countLost }), mov(r0, 0), exit()];

const probe: ProbeSpec = {
  maps: [counts, lost],
  programs: [{ name: "on_exec", hook: { kind: "raw-tracepoint", name: "sched_process_exec" }, code }],
};

const [command, ...args] = process.argv.slice(2);
if (command === undefined) throw new Error("usage: count-execs COMMAND [ARG…]");

using session = Session.open(openKernel(), probe);
spawnSync(command, args, { stdio: "inherit" });
session.detach();

const rows = session.map(counts).entries();
rows.sort(([, a], [, b]) => b - a);
for (const [name, count] of rows) console.log(String(count).padStart(7), name);
console.log("lost:", session.mappedArray(lost).get(0));
