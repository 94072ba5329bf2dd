import { syscallArguments } from "../../../../src/probes/calls/syscall-arguments";
import { syscallParams, syscallResult } from "../../../../src/probes/calls/syscall-params";
import { formNamed } from "../../../../src/probes/calls/value-form";
import { syscallTable } from "../../../../src/symbols/syscalls";

const shown = (name: string, abi: "x86-64" | "arm64" = "x86-64") =>
  syscallParams(name, abi).map((param) => `${param.name}:${param.form.kind}`);

test("arguments by name and form", () => {
  expect(shown("write")).toEqual(["fd:int", "buf:hex", "count:int"]);
  expect(shown("openat")).toEqual(["dfd:enum", "filename:string", "flags:flags", "mode:octal"]);
  expect(shown("getpid")).toEqual([]);
});

test("clone has another order on arm64", () => {
  expect(shown("clone")[3]).toBe("child_tidptr:hex");
  expect(shown("clone", "arm64")[3]).toBe("tls:hex");
});

test("a call that nobody knows shows its registers", () =>
  expect(shown("made_up_call")).toEqual([1, 2, 3, 4, 5, 6].map((n) => `arg${n}:hex`)));

test("every entry is of a known call, with known forms and at most six arguments", () => {
  const known = new Set([...Object.values(syscallTable("x86-64")), ...Object.values(syscallTable("arm64"))]);
  expect(Object.keys(syscallArguments).filter((name) => !known.has(name))).toEqual([]);
  for (const name of Object.keys(syscallArguments))
    expect(syscallParams(name, "x86-64").length).toBeLessThan(7);
});

test("a result is a number, or an address", () => {
  expect(syscallResult("write")).toEqual(formNamed("i64", "test"));
  expect(syscallResult("mmap")).toEqual(formNamed("x", "test"));
});
