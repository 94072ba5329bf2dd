/**
 * How long a system call takes that a command makes, as a histogram: sudo node syscall-latency.js write dd …
 * Threads count whose command name is the command's.
 */
import { spawnSync } from "node:child_process";
import { basename } from "node:path";
import {
  add,
  atomicAdd,
  type Block,
  COMM_SIZE,
  call,
  count64,
  exit,
  fp,
  hashMap,
  helper,
  jump,
  keepComm,
  label,
  load,
  lookup,
  mov,
  nativeAbi,
  openKernel,
  type ProbeSpec,
  perCpuArrayMap,
  type Register,
  r0,
  r1,
  r6,
  r7,
  r8,
  readComm,
  remove,
  rsh,
  Session,
  store,
  sub,
  syscallNumber,
  u32,
  update,
} from "bpfkit";

/** When each thread entered the call, in nanoseconds. */
const starts = hashMap("starts", { key: u32, value: count64, maxEntries: 10_240 });
/** Calls by the logarithm of their time. */
const buckets = perCpuArrayMap("buckets", count64, 64);

const NAME = -COMM_SIZE;
const KEY = NAME - 8;
const VALUE = KEY - 8;

/** The thread's id at `fp + KEY`. */
const thread: Block = [call(helper.getCurrentPidTgid), store(4, fp, KEY, r0)];

/** `result = floor(log2(value))`, halving the range six times. Loses value and `scratch`. */
function log2(value: Register, result: Register, scratch: Register): Block {
  const steps = [32, 16, 8, 4, 2, 1].map((bits) => {
    const below = label("below");
    return [
      [mov(scratch, value), rsh(scratch, bits), jump.eq(scratch, 0, below)],
      [mov(value, scratch), add(result, bits)],
      below,
    ];
  });
  return [mov(result, 0), steps];
}

function onEnter(number: number, name: string): Block {
  const out = label("out");
  return [
    [load(8, r6, r1, 8), jump.ne(r6, number, out)],
    [readComm(NAME), keepComm(fp, NAME, name, out)],
    [thread, call(helper.ktimeGetNs), store(8, fp, VALUE, r0), update(starts, KEY, VALUE)],
    [out, mov(r0, 0), exit()],
  ];
}

function onExit(): Block {
  const out = label("out");
  return [
    [thread, lookup(starts, KEY), jump.eq(r0, 0, out), load(8, r6, r0, 0)],
    [call(helper.ktimeGetNs), sub(r0, r6), mov(r6, r0), remove(starts, KEY)],
    [log2(r6, r7, r8), store(4, fp, KEY, r7), lookup(buckets, KEY), jump.eq(r0, 0, out)],
    [mov(r1, 1), atomicAdd(8, r0, 0, r1)],
    [out, mov(r0, 0), exit()],
  ];
}

const [syscall, command, ...args] = process.argv.slice(2);
if (syscall === undefined || command === undefined)
  throw new Error("usage: syscall-latency SYSCALL COMMAND [ARG…]");
const number = syscallNumber(nativeAbi(process.arch), syscall);
if (number === undefined) throw new Error(`there is no system call "${syscall}"`);
const name = basename(command).slice(0, COMM_SIZE - 1);

const probe: ProbeSpec = {
  maps: [starts, buckets],
  programs: [
    { name: "on_exit", hook: { kind: "raw-tracepoint", name: "sys_exit" }, code: onExit() },
    { name: "on_enter", hook: { kind: "raw-tracepoint", name: "sys_enter" }, code: onEnter(number, name) },
  ],
};
using session = Session.open(openKernel(), probe);
spawnSync(command, args, { stdio: "inherit" });
session.detach();

const rows = session.perCpuMap(buckets).entries();
rows.sort(([a], [b]) => a - b);
for (const [bucket, perCpu] of rows) {
  const count = perCpu.reduce((sum, each) => sum + each, 0);
  if (count > 0) console.log(`${2 ** bucket} ns and more`.padStart(24), String(count).padStart(9));
}
