/** The names of flags against the headers of this machine, by a C program that prints their values. */
import { execFileSync } from "node:child_process";
import { choiceTables, flagTables } from "../../../src/probes/calls/flag-tables";
import { nativeAbi } from "../../../src/symbols/syscalls";
import { compiled } from "../../compiled";
import { kernelTest } from "../kernel-test";

const HEADERS = [
  ...["fcntl.h", "sched.h", "signal.h", "stdio.h", "sys/epoll.h", "sys/eventfd.h", "sys/mman.h"],
  ...["sys/random.h", "sys/socket.h", "sys/wait.h", "time.h", "unistd.h"],
];

/** Not in the headers of every C library, which is what this test can compile. */
const UNKNOWN = new Set(["PROT_SEM", "MADV_DONTNEED_LOCKED", "GRND_INSECURE", "CLONE_DETACHED"]);
/** A C library for 64 bits says 0, since the kernel sets it by itself. */
const OTHERWISE = new Set(["O_LARGEFILE"]);

function valuesOf(names: readonly string[]): Record<string, number> {
  const prints = names.map(
    (name) => `#ifdef ${name}\n  printf("${name} %lld\\n", (long long)(${name}));\n#endif`,
  );
  const asEnums = names.filter((name) => /^(SOCK_|MSG_|SHUT_|EPOLL_|EFD_)/.test(name));
  const defines = asEnums.map((name) => `#ifndef ${name}\n#define ${name} ${name}\n#endif`);
  const includes = HEADERS.map((header) => `#include <${header}>`);
  const main = ["int main(void) {", ...prints, "}"];
  const program = compiled(["#define _GNU_SOURCE", ...includes, ...defines, ...main].join("\n"));
  const lines = execFileSync(program, { encoding: "utf8" }).trim().split("\n");
  return Object.fromEntries(
    lines.map((line) => line.split(" ")).map(([name = "", value]) => [name, Number(value)]),
  );
}

kernelTest(["program:gcc"], "flags have the values of the headers", async () => {
  const abi = nativeAbi(process.arch);
  const flags = Object.values(flagTables).flatMap((table) => table(abi));
  const choices = Object.values(choiceTables).flatMap((table) => Object.entries<number>(table));
  const ours = [...flags.map(({ name, value }) => [name, value >>> 0] as const), ...choices].filter(
    ([name]) => !OTHERWISE.has(name),
  );
  const theirs = valuesOf(ours.map(([name]) => name));
  const expected = ours.filter(([name]) => Object.hasOwn(theirs, name));
  expect(Object.fromEntries(expected)).toEqual(theirs);
  // What the headers do not know would not be held.
  const unknown = ours
    .map(([name]) => name)
    .filter((name) => !Object.hasOwn(theirs, name) && !UNKNOWN.has(name));
  expect(unknown).toEqual([]);
});
