/** Keys, selections and values that both sides of the kernel border share. */

import { exit, fp, label, load, mov, type Register, r0, r7, r8, store } from "../../../src/asm";
import { decoded, encoded } from "../../../src/core/codec";
import { type Dimension, type GroupKey, keyCodec, writeKey } from "../../../src/probes/group-key";
import { BUCKETS } from "../../../src/probes/log-histogram";
import { addStats, statsCodec } from "../../../src/probes/stats";
import { keepSelected, selectionMap } from "../../../src/probes/syscall-selection";
import { nativeAbi, syscallNumber } from "../../../src/symbols/syscalls";
import { selectSyscalls } from "../../../src/symbols/syscalls/select";
import { runModel } from "../../model/bpf-model";
import { took } from "./durations";

describe("group keys", () => {
  test.each<[readonly Dimension[], string[], number, number]>([
    [["syscall"], ["number", "abi"], 8, 0],
    [["process"], ["pid"], 4, 0],
    [["thread"], ["pid", "tid"], 8, 0],
    [["comm"], ["comm"], 16, 0],
    [["cgroup"], ["cgroup"], 8, 0],
    [["container"], ["cgroup"], 8, 0],
    [["errno"], ["errno"], 4, 0],
    [["process", "syscall"], ["number", "abi", "pid"], 12, 0],
    [["comm", "cgroup"], ["cgroup", "comm"], 24, 0],
    [["cgroup", "errno"], ["cgroup", "errno"], 16, 4],
    [
      ["cgroup", "comm", "syscall", "thread", "errno"],
      ["cgroup", "comm", "number", "abi", "pid", "tid", "errno"],
      48,
      4,
    ],
  ])("%j: fields %j, %i bytes, %i of them at the end unused", (by, fields, size, holes) => {
    const codec = keyCodec(by);
    expect({ fields: Object.keys(codec.fields), size: codec.size, holes: codec.holes }).toEqual({
      fields,
      size,
      holes,
    });
  });

  test("what is written is read", () => {
    const key: GroupKey = { cgroup: 2n ** 40n, comm: "nginx", number: -1, abi: 2, pid: 7, tid: 8, errno: 2 };
    const codec = keyCodec(["cgroup", "comm", "syscall", "thread", "errno"]);
    expect(decoded(codec, encoded(codec, key))).toEqual(key);
  });

  test("a program writes every byte, the unused ones too", () => {
    const codec = keyCodec(["cgroup", "errno"]);
    const code = writeKey(codec, -16, { number: r7, abi: r8, errno: r7 }, undefined, -40);
    // The model's stack is zero already, so 0xff goes there first; the unused word is what is looked at.
    const program = [
      [mov(r7, 5), mov(r8, 0)],
      ...[16, 12, 8, 4].map((below) => storeWord(-below)),
      code,
      [loadWord(r0, -4), exit()],
    ];
    expect(runModel(program, { helpers: { 80: () => 9n } })).toBe(0n);
  });
});

const storeWord = (at: number) => store(4, fp, at, -1);
const loadWord = (to: Register, at: number) => load(4, to, fp, at);

describe("selections", () => {
  const native = nativeAbi("x64");
  const number = (name: string, abi = native) => syscallNumber(abi, name) as number;

  function passes(list: string, nr: number, code: number): boolean {
    const selection = selectSyscalls(list, native);
    const map = selectionMap(selection, native);
    const drop = label("drop");
    const program = [
      [mov(r7, nr), mov(r8, code)],
      keepSelected(selection, native, map, r7, r8, drop),
      [mov(r0, 1), exit()],
      [drop, mov(r0, 0), exit()],
    ];
    return runModel(program, { maps: { [map.name]: map.contents! } }) === 1n;
  }

  test.each<[string, number, number, boolean]>([
    ["openat", number("openat"), 0, true],
    ["openat", number("close"), 0, false],
    ["openat", number("openat", "i386"), 1, true],
    ["openat", number("openat"), 1, false],
    ["openat", 600, 0, false],
    ["!openat", number("openat"), 0, false],
    ["!openat", number("close"), 0, true],
    ["!openat", 600, 0, true],
    ["!openat", -1, 0, true],
    ["#600", 600, 0, true],
    ["#600", 601, 0, false],
    ["#600", 600, 1, false],
    ["!#600", 600, 0, false],
    ["!#600", 601, 0, true],
    ["%network,!connect", number("accept4"), 0, true],
    ["%network,!connect", number("connect"), 0, false],
    ["ia32:getpid", 20, 1, true],
    ["ia32:getpid", number("getpid"), 0, false],
    ["openat", number("openat"), 7, false],
  ])("%s, call %i of ABI %i: %s", (list, nr, code, expected) =>
    expect(passes(list, nr, code)).toBe(expected),
  );

  test.each(["openat,%network,!connect", "!%file", "/^epoll/,ia32:open", "#600,!futex"])(
    "%s: the program and the selection agree on every number",
    (list) => {
      const selection = selectSyscalls(list, native);
      const { contents } = selectionMap(selection, native);
      for (const [code, abi] of ([native, "i386", "x32"] as const).entries())
        for (let nr = 0; nr < 512; nr++)
          expect(contents?.[code * 512 + nr]).toBe(selection.of(abi).includes(nr) ? 1 : 0);
    },
  );
});

describe("stats", () => {
  test.each([
    ["counts", { failed: false, latency: false }, 8],
    ["failures too", { failed: true, latency: false }, 16],
    ["times too", { failed: false, latency: true }, (4 + BUCKETS) * 8],
  ])("%s", (_name, parts, size) => expect(statsCodec(parts).size).toBe(size));

  test("are read from the words that a program adds to, and written back the same", () => {
    const set = new BigUint64Array(4 + BUCKETS);
    set.set([3n, 1n, 2n ** 33n, 20n, 1n, 0n, 2n]);
    const bytes = new Uint8Array(set.buffer);
    const codec = statsCodec({ failed: true, latency: true });
    const stats = decoded(codec, bytes);
    expect(stats).toEqual({ count: 3, failed: 1, totalNs: 2 ** 33, maxNs: 20, histogram: [0, 1, 2, 2] });
    expect(encoded(codec, stats)).toEqual(bytes);
  });

  test.each([
    [
      { failed: false, latency: false },
      { count: 5, failed: 0 },
    ],
    [
      { failed: true, latency: false },
      { count: 5, failed: 2 },
    ],
  ])("%j: the parts that are not there are zero and empty", (parts, expected) => {
    const codec = statsCodec(parts);
    const stats = { ...took(1, 2, 3, 4, 5), failed: 2 };
    expect(decoded(codec, encoded(codec, stats))).toEqual({
      ...{ totalNs: 0, maxNs: 0, histogram: [] },
      ...expected,
    });
  });

  test("sets are added up, the maximum is the largest", () =>
    expect(addStats(took(1, 9, 20), took(2, 9, 15, 16))).toEqual(took(1, 9, 20, 2, 9, 15, 16)));
});
