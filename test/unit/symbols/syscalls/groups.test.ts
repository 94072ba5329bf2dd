import { type Abi, syscallNumber } from "../../../../src/symbols/syscalls";
import {
  groupMembers,
  type SyscallGroup,
  syscallGroup,
  syscallGroups,
} from "../../../../src/symbols/syscalls/groups";

const abis: readonly Abi[] = ["x86-64", "i386", "x32", "arm64"];

test.each<[SyscallGroup, string, boolean]>([
  ["file", "openat", true],
  ["file", "statx", true],
  ["file", "read", false],
  ["desc", "read", true],
  ["desc", "openat", true],
  ["network", "connect", true],
  ["network", "read", false],
  ["process", "execve", true],
  ["signal", "rt_sigaction", true],
  ["memory", "mmap", true],
  ["ipc", "shmget", true],
  ["creds", "setuid", true],
  ["clock", "clock_gettime", true],
])("%%%s, %s: %s", (group, name, expected) =>
  expect(groupMembers(group, "x86-64").includes(name)).toBe(expected),
);

test("a group holds only what the ABI has", () => {
  expect(groupMembers("file", "arm64")).not.toContain("open");
  expect(groupMembers("file", "x86-64")).toContain("open");
  expect(groupMembers("network", "i386")).toContain("socketcall");
  expect(groupMembers("network", "x86-64")).not.toContain("socketcall");
  expect(groupMembers("file", "arm32")).toEqual([]);
});

test("no group names a call twice or one that no ABI has", () => {
  for (const group of syscallGroups) {
    const names = groupMembers(group);
    expect(names).toEqual([...new Set(names)]);
    expect(names.filter((name) => !abis.some((abi) => syscallNumber(abi, name) !== undefined))).toEqual([]);
  }
});

test("net is short for network", () => {
  expect(syscallGroup("net")).toBe("network");
  expect(syscallGroup("ipc")).toBe("ipc");
  expect(syscallGroup("toString")).toBeUndefined();
});
