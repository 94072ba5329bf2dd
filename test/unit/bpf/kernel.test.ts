import { mov } from "../../../src/asm/alu";
import { exit } from "../../../src/asm/jump";
import { r0 } from "../../../src/asm/register";
import { MapCreate, ProgLoad } from "../../../src/bpf/attr-layouts";
import { arrayMap, hashMap, mappableArray, ringBuffer } from "../../../src/bpf/map-spec";
import { bloomFilter, queueMap, stackMap } from "../../../src/bpf/queue-spec";
import { Session } from "../../../src/bpf/session";
import { taskStorage } from "../../../src/bpf/task-storage-spec";
import { BpfCmd } from "../../../src/core/bpf-uapi";
import { count64, u32 } from "../../../src/core/codec";
import { errno } from "../../../src/core/errno";
import { fakeKernel } from "../../fake-kernel";

const small = hashMap("small", { key: u32, value: u32, maxEntries: 4 });
const old = { isAtLeast: (major: number, minor: number) => major < 5 || (major === 5 && minor <= 10) };
const hook = { kind: "raw-tracepoint", name: "sys_enter" } as const;
const program = { name: "test", hook, code: [mov(r0, 0), exit()] };
const once = (code: number) => (_attr: unknown, times: number) => (times === 0 ? code : 0);
const raised = (calls: readonly { call: string }[]) =>
  calls.filter(({ call }) => call === "setMemoryLock").length;

describe("RLIMIT_MEMLOCK", () => {
  test("is raised once when an old kernel refuses for want of it", () => {
    const { kernel, sys } = fakeKernel(old);
    sys.refuse(BpfCmd.BPF_MAP_CREATE, once(errno.EPERM));
    kernel.createMap(small)[Symbol.dispose]();
    sys.refuse(BpfCmd.BPF_MAP_CREATE, errno.EPERM);
    expect(() => kernel.createMap(small)).toThrow('create map "small": EPERM');
    expect(raised(sys.calls)).toBe(1);
  });

  test("is left alone on a kernel that does not count by it, or does not refuse", () => {
    const recent = fakeKernel();
    recent.sys.refuse(BpfCmd.BPF_MAP_CREATE, errno.EPERM);
    expect(() => recent.kernel.createMap(small)).toThrow(
      expect.objectContaining({ name: "PermissionError", hint: "run it as root" }),
    );
    const { kernel, sys } = fakeKernel(old);
    kernel.createMap(small)[Symbol.dispose]();
    expect(raised(recent.sys.calls) + raised(sys.calls)).toBe(0);
  });
});

describe("the verifier's log", () => {
  test("is asked for only after a rejection, in a buffer that grows", () => {
    const { kernel, sys } = fakeKernel();
    const sizes: number[] = [];
    sys.refuse(BpfCmd.BPF_PROG_LOAD, (attr) => {
      const size = attr.read(ProgLoad, "logSize");
      sizes.push(size);
      const log = attr.pointers.get(ProgLoad.offsets.logBuf) as Uint8Array | undefined;
      if (log === undefined) return errno.EINVAL;
      Buffer.from(log.buffer).write("0: (b7) r0 = 0\nR7 is bad\n\0");
      return size < 1_000_000 ? errno.ENOSPC : errno.EINVAL;
    });
    expect(() => kernel.load(program, () => -1)).toThrow(
      expect.objectContaining({
        name: "VerifierError",
        message: expect.stringContaining("EINVAL: R7 is bad"),
      }),
    );
    expect(sizes).toEqual([0, 65536, 262144, 1048576]);
  });
});

test("a program whose verification a signal has interrupted is loaded again, without a log", () => {
  const { kernel, sys } = fakeKernel();
  const logs: number[] = [];
  sys.refuse(BpfCmd.BPF_PROG_LOAD, (attr, times) => {
    logs.push(attr.read(ProgLoad, "logSize"));
    return times < 5 ? errno.EAGAIN : 0;
  });
  kernel.load(program, () => -1)[Symbol.dispose]();
  expect(logs).toEqual([0, 0, 0, 0, 0, 0]);
});

test("one that signals interrupt again and again has not been rejected", () => {
  const { kernel, sys } = fakeKernel();
  sys.refuse(BpfCmd.BPF_PROG_LOAD, (attr) => {
    const log = attr.pointers.get(ProgLoad.offsets.logBuf) as Uint8Array | undefined;
    log?.set(Buffer.from("func 'sys_enter' arg0 has btf_id 162 type STRUCT 'pt_regs'\n"));
    return errno.EAGAIN;
  });
  expect(() => kernel.load(program, () => 7)).toThrow(
    expect.objectContaining({ name: "SyscallError", message: `load program "${program.name}": EAGAIN` }),
  );
});

test("a session owns all kinds of maps, and nothing is open after it", () => {
  const { kernel, sys } = fakeKernel();
  const maps = {
    hash: small,
    array: mappableArray("array", count64, 4),
    ring: ringBuffer("ring", 4096, u32),
    queue: queueMap("queue", u32, 4),
    stack: stackMap("stack", u32, 4),
    bloom: bloomFilter("bloom", u32, 100),
  };
  {
    using session = Session.open(kernel, { maps: Object.values(maps) as never, programs: [program] });
    session.map(maps.hash).update(1, 2);
    for (const value of [1, 2, 3]) {
      session.queue(maps.queue).push(value);
      session.queue(maps.stack).push(value);
    }
    expect([session.queue(maps.queue).pop(), session.queue(maps.stack).pop()]).toEqual([1, 3]);
    session.bloomFilter(maps.bloom).add(7);
    expect([7, 8].map((value) => session.bloomFilter(maps.bloom).mayHave(value))).toEqual([true, false]);
    expect(session.ringBuffer(maps.ring).drain()).toEqual([]);
    expect(() => session.map(maps.ring)).toThrow('map "ring": not a BpfMap of this probe');
    expect(() => session.map(arrayMap("other", u32, 1))).toThrow('map "other": not a BpfMap of this probe');
    expect(sys.openFds.length).toBe(8);
  }
  expect([sys.openFds, sys.mappings.size]).toEqual([[], 0]);
});

test("whatever fails while a session opens, nothing stays open", () => {
  const maps = [small, mappableArray("array", count64, 4), ringBuffer("ring", 4096)] as never;
  for (const [command, code] of [
    [BpfCmd.BPF_PROG_LOAD, errno.EBUSY],
    [BpfCmd.BPF_RAW_TRACEPOINT_OPEN, errno.EBUSY],
    [BpfCmd.BPF_MAP_CREATE, errno.ENOMEM],
  ] as const) {
    const { kernel, sys } = fakeKernel();
    sys.refuse(command, code);
    expect(() => Session.open(kernel, { maps, programs: [program] })).toThrow(/EBUSY|ENOMEM/);
    expect([sys.openFds, sys.mappings.size]).toEqual([[], 0]);
  }
});

test("task storage is described by BTF that is not kept open", () => {
  const { kernel, sys } = fakeKernel();
  using _map = kernel.createMap(taskStorage("storage", count64));
  const attr = sys.calls.find(({ call }) => call === "BPF_MAP_CREATE")?.attr;
  expect(attr?.read(MapCreate, "btfKeyTypeId")).toBeGreaterThan(0);
  expect(sys.openFds).toEqual(["map storage"]);
});

test("a map that was pinned is opened again if it is as expected", () => {
  const { kernel } = fakeKernel();
  using map = kernel.createMap(small);
  map.update(1, 5);
  using again = kernel.openMap(small, { id: map.details().id });
  expect(again.lookup(1)).toBe(5);
  expect(() => kernel.openMap({ ...small, maxEntries: 5 }, { id: map.details().id })).toThrow(
    "its number of entries is 4, not 5",
  );
  expect(() => kernel.openMap(small, { id: 9999 })).toThrow("there is no map with id 9999");
});
