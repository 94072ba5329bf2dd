import { constants } from "node:os";
import { exitCodeOf, explain, isClosedPipe } from "../../../src/cli/exit";
import {
  BpfkitError,
  NotSupportedError,
  PermissionError,
  SyscallError,
  UsageError,
  VerifierError,
} from "../../../src/core/errors";
import { ClosedPipeError } from "../../../src/output/sink";

const eperm = new SyscallError("bpf(PROG_LOAD)", constants.errno.EPERM);
const rejected = new VerifierError("load: R6 !read_ok", ["0: r0 = 0", "R6 !read_ok"], { cause: eperm });
const nodeError = Object.assign(new Error("EACCES: permission denied, open 'x'"), {
  code: "EACCES",
  syscall: "open",
});
/** What `using` throws when closing fails after `error`. */
const suppressed = (error: unknown, closing: unknown) =>
  Object.assign(new Error("An error was suppressed"), {
    name: "SuppressedError",
    suppressed: error,
    error: closing,
  });

describe("exit codes", () => {
  test.each([
    ["usage", new UsageError("x"), 2],
    ["permission", new PermissionError("x"), 77],
    ["not supported", new NotSupportedError("x"), 69],
    ["a system call", eperm, 1],
    ["the verifier", rejected, 1],
    ["another of ours", new BpfkitError("x"), 1],
    ["the operating system", nodeError, 1],
    ["a fault", new TypeError("x"), 70],
    ["a fault with a code", Object.assign(new TypeError("x"), { code: "ERR_INVALID_ARG_TYPE" }), 70],
    ["no error at all", undefined, 70],
    ["a closed pipe", new ClosedPipeError("write stdout: closed"), 0],
    ["EPIPE", Object.assign(new Error("write EPIPE"), { code: "EPIPE", syscall: "write" }), 0],
    ["a failure with another while closing", suppressed(new PermissionError("x"), new TypeError("y")), 77],
    ["several failures to close", new AggregateError([eperm, new TypeError("y")]), 1],
  ])("%s", (_name, error, code) => expect(exitCodeOf(error)).toBe(code));
});

describe("what the user reads", () => {
  test.each([
    [
      "message and hints",
      new UsageError("pid: no process 1", { hint: "one\ntwo" }),
      0,
      "bpfkit: pid: no process 1\nhint: one\nhint: two\n",
    ],
    ["no causes", new PermissionError("load: EPERM", { cause: eperm }), 0, "bpfkit: load: EPERM\n"],
    [
      "causes with -v",
      new PermissionError("load: EPERM", { cause: eperm }),
      1,
      "bpfkit: load: EPERM\ncause: bpf(PROG_LOAD): EPERM\n",
    ],
    [
      "a rejection",
      rejected,
      0,
      'bpfkit: load: R6 !read_ok\nhint: "-vv" shows the verifier\'s log, 2 lines\n',
    ],
    [
      "a rejection with -vv",
      rejected,
      2,
      "bpfkit: load: R6 !read_ok\ncause: bpf(PROG_LOAD): EPERM\nverifier log:\n  0: r0 = 0\n  R6 !read_ok\n",
    ],
    [
      "a rejection beneath",
      new BpfkitError("start: failed", { cause: rejected }),
      2,
      "bpfkit: start: failed\ncause: load: R6 !read_ok\ncause: bpf(PROG_LOAD): EPERM\nverifier log:\n  0: r0 = 0\n  R6 !read_ok\n",
    ],
    [
      "an error while closing",
      suppressed(eperm, new BpfkitError("close: EBADF")),
      0,
      "bpfkit: bpf(PROG_LOAD): EPERM\nbpfkit: then: close: EBADF\n",
    ],
    ["nothing for a closed pipe", new ClosedPipeError("write stdout: closed"), 2, ""],
  ])("%s", (_name, error, verbosity, text) => expect(explain(error, verbosity)).toBe(text));

  test("a fault comes with its stack and the wish to hear of it", () => {
    const text = explain(new TypeError("of course not"), 0);
    expect(text).toContain("bpfkit: fault in bpfkit: TypeError: of course not\n    at ");
    expect(text).toContain("hint: please report it");
  });
});

test("EIO of a write is a terminal that has gone, of a read it is a failure", () => {
  expect(isClosedPipe({ code: "EIO", syscall: "write" })).toBe(true);
  expect(isClosedPipe({ code: "EIO", syscall: "read" })).toBe(false);
});
