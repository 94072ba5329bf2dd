import { readFileSync } from "node:fs";
import { constants } from "node:os";
import {
  BpfkitError,
  hasCode,
  messageOf,
  NotSupportedError,
  PermissionError,
  SyscallError,
  UsageError,
  VerifierError,
} from "../../../src/core/errors";

test.each([
  ["BpfkitError", new BpfkitError("x")],
  ["UsageError", new UsageError("x")],
  ["PermissionError", new PermissionError("x")],
  ["NotSupportedError", new NotSupportedError("x")],
  ["SyscallError", new SyscallError("bpf", 1)],
  ["VerifierError", new VerifierError("x", [])],
])("%s is named so and is ours", (name, error) => {
  expect(error.name).toBe(name);
  expect(error).toBeInstanceOf(BpfkitError);
  expect(Object.keys(error)).not.toContain("name");
});

test.each([
  [constants.errno.EPERM, "EPERM"],
  [constants.errno.E2BIG, "E2BIG"],
  // Only the kernel uses it: include/linux/errno.h
  [524, "ENOTSUPP"],
])("a system call's error %i is %s", (errno, code) => {
  const error = new SyscallError('create map "x"', errno);
  expect(error).toMatchObject({ errno, code, call: 'create map "x"', message: `create map "x": ${code}` });
});

test("the advice and the cause are kept apart from the message", () => {
  const cause = new RangeError("inner");
  expect(new UsageError("pid: no process 7", { hint: "look at ps", cause })).toMatchObject({
    message: "pid: no process 7",
    hint: "look at ps",
    cause,
  });
  expect(new UsageError("x").hint).toBeUndefined();
  expect("cause" in new UsageError("x")).toBe(false);
});

test("the verifier's log is kept whole", () =>
  expect(new VerifierError("load: EACCES", ["0: R1", "R6 !read_ok"]).log).toEqual(["0: R1", "R6 !read_ok"]));

test("hasCode knows errors of ours, of node's, and what is no error", () => {
  expect(hasCode(new SyscallError("bpf", constants.errno.EPERM), "EPERM")).toBe(true);
  let thrown: unknown;
  try {
    readFileSync("/no/such/file");
  } catch (error) {
    thrown = error;
  }
  expect(hasCode(thrown, "ENOENT")).toBe(true);
  expect(hasCode(thrown, "EPERM")).toBe(false);
  for (const other of [undefined, null, "ENOENT", 2, {}]) expect(hasCode(other, "ENOENT")).toBe(false);
});

test.each([
  [new UsageError("pid: no process 7"), "pid: no process 7"],
  ["just text", "just text"],
  [undefined, "undefined"],
  [null, "null"],
  [{ message: 7 }, "7"],
])("messageOf(%p)", (thrown, expected) => expect(messageOf(thrown)).toBe(expected));
