import {
  type Abi,
  compatAbis,
  maxSyscall,
  nativeAbi,
  syscallName,
  syscallNumber,
  syscallTable,
} from "../../../../src/symbols/syscalls";

describe("syscallName", () => {
  test.each<[Abi, number, string]>([
    ["x86-64", 0, "read"],
    ["x86-64", 257, "openat"],
    ["x86-64", 262, "newfstatat"],
    ["x86-64", 336, "uprobe"],
    ["x86-64", 450, "set_mempolicy_home_node"],
    ["x86-64", 451, "cachestat"],
    ["x86-64", 469, "file_setattr"],
    ["x86-64", 400, "#400"],
    ["x86-64", 600, "#600"],
    ["i386", 5, "ia32:open"],
    ["i386", 102, "ia32:socketcall"],
    ["i386", 422, "ia32:futex_time64"],
    ["i386", 462, "ia32:mseal"],
    ["i386", 9999, "ia32:#9999"],
    ["x32", 0, "x32:read"],
    ["x32", 514, "x32:ioctl"],
    ["x32", 16, "x32:#16"],
    ["arm64", 25, "fcntl"],
    ["arm64", 62, "lseek"],
    ["arm64", 79, "newfstatat"],
    ["arm64", 80, "fstat"],
    ["arm64", 222, "mmap"],
    ["arm64", 223, "fadvise64"],
    ["arm64", 435, "clone3"],
    ["arm64", 447, "memfd_secret"],
    ["arm64", 244, "#244"],
    ["arm64", 403, "#403"],
    ["arm32", 5, "arm32:#5"],
  ])("%s %i is %s", (abi, number, name) => expect(syscallName(abi, number)).toBe(name));
});

test.each<Abi>(["x86-64", "i386", "x32", "arm64"])("%s: names are unique, so they lead back", (abi) => {
  const entries = Object.entries(syscallTable(abi));
  expect(entries.length).toBeGreaterThan(300);
  for (const [number, name] of entries)
    expect([name, syscallNumber(abi, name)]).toEqual([name, Number(number)]);
});

test("a name the ABI lacks has no number", () => {
  expect(syscallNumber("arm64", "open")).toBeUndefined();
  expect(syscallNumber("x86-64", "constructor")).toBeUndefined();
});

test("the native ABI follows Node's architecture", () => {
  expect(nativeAbi("x64")).toBe("x86-64");
  expect(nativeAbi("arm64")).toBe("arm64");
  expect(() => nativeAbi("riscv64")).toThrow('architecture "riscv64" is not supported');
});

test("compatibility modes belong to one architecture", () => {
  expect(compatAbis("x86-64")).toEqual(["i386", "x32"]);
  expect(compatAbis("arm64")).toEqual(["arm32"]);
  expect(compatAbis("i386")).toEqual([]);
});

test.each<[Abi, number]>([
  ["x86-64", 471],
  ["i386", 471],
  ["x32", 547],
  ["arm64", 471],
  ["arm32", 471],
])("the highest number of %s is %i", (abi, number) => expect(maxSyscall(abi)).toBe(number));
