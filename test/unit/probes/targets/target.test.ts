import { UsageError } from "../../../../src/core/errors";
import { matcherOf, namePattern } from "../../../../src/probes/targets/name-pattern";
import { nothingMatches, parseTarget, type Target } from "../../../../src/probes/targets/target";

const facts = { isModule: (name: string) => name === "nf_tables" };
const parse = (text: string): Target => parseTarget(text, facts);
const exact = (text: string) => ({ kind: "exact", text });

describe("a target", () => {
  test.each<[string, object]>([
    ["vfs_read", { kind: "kernel", module: undefined, pattern: exact("vfs_read"), offset: 0 }],
    ["vfs_read.isra.0", { kind: "kernel", pattern: exact("vfs_read.isra.0") }],
    ["tcp_*", { kind: "kernel", pattern: { kind: "glob", text: "tcp_*" } }],
    ["/^tcp_v[46]/", { kind: "kernel", pattern: { kind: "regexp", text: "/^tcp_v[46]/" } }],
    ["/^(?:vfs|ksys)_/", { kind: "kernel", pattern: { kind: "regexp", text: "/^(?:vfs|ksys)_/" } }],
    ["vfs_read+0x12", { kind: "kernel", pattern: exact("vfs_read"), offset: 18 }],
    ["vfs_read+18", { kind: "kernel", pattern: exact("vfs_read"), offset: 18 }],
    ["nf_tables:nft_do_chain", { kind: "kernel", module: "nf_tables", pattern: exact("nft_do_chain") }],
    ["libc:malloc", { kind: "user", file: "libc", pattern: exact("malloc"), offset: 0 }],
    ["libc.so.6:mem*", { kind: "user", file: "libc.so.6", pattern: { kind: "glob", text: "mem*" } }],
    ["/usr/bin/node:main", { kind: "user", file: "/usr/bin/node", pattern: exact("main") }],
    ["/a/b:/^x|y$/", { kind: "user", file: "/a/b", pattern: { kind: "regexp", text: "/^x|y$/" } }],
    [":main", { kind: "user", file: undefined, pattern: exact("main") }],
    [":main+4", { kind: "user", file: undefined, pattern: exact("main"), offset: 4 }],
    ["s:openat", { kind: "syscall", pattern: exact("openat"), returnOnly: false }],
    ["s:open*", { kind: "syscall", pattern: { kind: "glob", text: "open*" } }],
    [
      "t:sched:sched_switch",
      { kind: "tracepoint", category: exact("sched"), pattern: exact("sched_switch") },
    ],
    ["r:vfs_read", { kind: "kernel", pattern: exact("vfs_read"), returnOnly: true }],
    ["r:libc:malloc", { kind: "user", file: "libc", pattern: exact("malloc"), returnOnly: true }],
    ["r:s:openat", { kind: "syscall", pattern: exact("openat"), returnOnly: true }],
  ])("%s", (text, expected) => {
    expect(parse(text)).toMatchObject({ text, ...expected });
  });
});

/** The hint's second line, with the pointer under the text. */
function errorOf(text: string): { message: string; hint: string; at: number } {
  try {
    parse(text);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const hint = error.hint ?? "";
    return { message: error.message, hint, at: (hint.split("\n")[1] ?? "").indexOf("^") };
  }
  throw new Error(`"${text}" was understood`);
}

describe("what is no target is pointed at", () => {
  test.each<[string, number, RegExp]>([
    ["", 0, /is empty/],
    ["s:", 2, /has no name there/],
    ["libc:", 5, /has no name there/],
    ["t:sched", 7, /has no event after the category/],
    ["t::x", 2, /has no name there/],
    ["r:t:sched:sched_switch", 0, /return of a tracepoint/],
    ["vfs read", 3, /has " " in a name/],
    ["libc:mal(loc", 8, /has "\(" in a name/],
    ["lib*:malloc", 3, /has "\*" in the name of a file or module/],
    ["k:vfs_read", 0, /begins with "k:"/],
    ["vfs_read+", 9, /has the offset "", which is no number/],
    ["vfs_read+0xzz", 9, /has the offset "0xzz"/],
    ["vfs_*+4", 5, /offset into functions of a pattern/],
    ["r:vfs_read+4", 10, /a return is no place/],
    ["/(/", 0, /an expression that is none/],
    ["/usr/bin/node", 0, /neither/],
  ])('"%s"', (text, at, message) => {
    const error = errorOf(text);
    expect(error.message).toMatch(message);
    expect(error.at).toBe(at);
  });

  test("with advice below the pointer", () => {
    expect(errorOf("t:sched").hint).toBe(
      "t:sched\n       ^\na tracepoint is written like t:sched:sched_switch",
    );
  });
});

test("a name that matches nothing gets the nearest one", () => {
  const error = nothingMatches(parse("s:opnat"), "system call", ["open", "openat", "close"]);
  expect(error).toMatchObject({
    message: 'target "s:opnat": matches no system call',
    hint: 's:opnat\n  ^\ndid you mean "openat"?',
  });
});

describe("a pattern", () => {
  test.each<[string, readonly string[]]>([
    ["malloc", ["malloc"]],
    ["mal*", ["malloc", "mallinfo"]],
    ["?alloc", ["malloc", "valloc"]],
    ["[mv]alloc", ["malloc", "valloc"]],
    ["/^mal/", ["malloc", "mallinfo"]],
    ["/all?o/", ["malloc", "valloc", "calloc_x"]],
    ["calloc.x", []],
  ])("%s", (text, expected) => {
    const names = ["malloc", "mallinfo", "valloc", "calloc_x"];
    expect(names.filter(matcherOf(namePattern(text)))).toEqual(expected);
  });
});
