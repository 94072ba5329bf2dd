/** From the words of a command line to a file and an offset in it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import fc from "fast-check";
import { parseLibraryCache } from "../../../src/symbols/ld-so-cache";
import { findByShortName, isShortNameOf, withoutLinks } from "../../../src/symbols/library-path";
import { resolveFunction, TargetFile } from "../../../src/symbols/resolve-function";
import { functionsByNm, Workshop } from "./compiled";

const source = `
#include <stdio.h>
static __attribute__((noinline)) int twice(int x) { return x * 2; }
__attribute__((noinline)) int compute(int x) { return twice(x) + 1; }
static int fast(int x) { return x; }
static void *choose(void) { return fast; }
int chosen(int) __attribute__((ifunc("choose")));
int main(void) { puts("ready"); fflush(stdout); getchar(); return compute(chosen(2)); }`;

const workshop = new Workshop();
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  workshop[Symbol.dispose]();
});

async function start(program: string): Promise<number> {
  const child = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  await once(child.stdout, "data");
  return child.pid as number;
}

test("a folder of PATH that cannot be looked into has no programs", () => {
  // Whoever runs this may look into every folder; one that leads to itself is beyond everybody.
  const circle = join(workshop.folder, "circle");
  symlinkSync(circle, circle);
  const before = process.env["PATH"];
  process.env["PATH"] = `${circle}:${before}`;
  try {
    expect(findByShortName("no-such-program")).toBeUndefined();
    expect(findByShortName("sh")).toBe(withoutLinks("/bin/sh", "/"));
  } finally {
    process.env["PATH"] = before;
  }
});

test("a function of a path is where nm and the program headers have it", () => {
  const path = workshop.compile("plain", source, "-no-pie");
  const known = functionsByNm(path);
  // Linked at 4 MiB, where the file's first byte lies.
  const offset = (known.get("compute") as number) - 0x400000;
  const size = expect.any(Number) as number;
  const place = { name: "compute", offset, size, indirect: false, path, shownPath: path };
  if (process.arch === "x64") expect(resolveFunction(path, "compute")).toEqual([place]);
  expect(resolveFunction(path, "twice")).toHaveLength(1);
  expect(resolveFunction(path, "chosen")).toMatchObject([{ indirect: true }]);
});

test("of a process: its own program, its libraries by short names", async () => {
  const library = workshop.compile(
    "libodd-name-1.2.so.3",
    "int odd(int x) { return x; }",
    "-shared",
    "-fPIC",
  );
  const rpath = `-Wl,-rpath,${workshop.folder}`;
  const program = workshop.compile("running", source, "-Wl,--no-as-needed", library, rpath);
  const pid = await start(program);
  expect(resolveFunction("", "compute", { pid })).toMatchObject([
    { path: `/proc/${pid}/exe`, shownPath: program },
  ]);
  expect(resolveFunction("odd-name", "odd", { pid })).toMatchObject([{ shownPath: library }]);
  expect(resolveFunction("running", "compute", { pid })).toMatchObject([
    { path: `/proc/${pid}/root${program}`, shownPath: program },
  ]);
  const [malloc] = resolveFunction("libc", "malloc", { pid });
  expect(basename(malloc?.shownPath ?? "")).toMatch(/^libc[.-]/);
});

test("libc is found without a process too, and has malloc where nm has it", () => {
  const [malloc] = resolveFunction("libc", "malloc");
  const path = malloc?.path as string;
  using target = TargetFile.open(path);
  const addresses = target.functionsNamed("malloc").map(({ offset }) => target.module.elf.addressOf(offset));
  expect(addresses).toContain(functionsByNm(path, "-D").get("malloc"));
  expect(target.functionsMatching(/^malloc$/).next().value).toMatchObject({ name: "malloc" });
});

test.each([
  ["plain", "comput", /^function "comput" of ".*plain": absent$/, 'did you mean "compute"?'],
  ["stripped", "nothing", /^function "nothing" of ".*stripped": the file has no symbols$/, /debug symbols/],
])("%s: an unknown function is refused with advice", (name, symbol, message, hint) => {
  const flags = name === "stripped" ? ["-s", "-static"] : [];
  const path = workshop.compile(name, source, ...flags);
  expect(() => resolveFunction(path, symbol)).toThrow(
    expect.objectContaining({
      message: expect.stringMatching(message) as string,
      hint: typeof hint === "string" ? hint : (expect.stringMatching(hint) as string),
    }) as Error,
  );
});

test.each([
  ["no-such-library-at-all", /"no-such-library-at-all": no such library or program/],
  ["/nonexistent/file", /^"\/nonexistent\/file": ENOENT/],
  ["/usr", /^"\/usr": not a file/],
  ["/etc/passwd", /no ELF file/],
  ["", /no file before the colon/],
])("%j is refused", (name, message) => expect(() => resolveFunction(name, "f")).toThrow(message));

test.each([
  ["libc", "libc.so.6", true],
  ["c", "libc.so.6", true],
  ["libc", "libc-2.31.so", true],
  ["libc.so.6", "libc.so.6", true],
  ["libc", "libcrypt.so.1", false],
  ["libc", "libc++.so.1", false],
  ["libstdc++", "libstdc++.so.6.0.30", true],
  ["node", "node", true],
  ["ssl", "libssl.so.3", true],
  ["ss", "libssl.so.3", false],
])("%s is a short name of %s: %s", (name, file, expected) =>
  expect(isShortNameOf(name, file)).toBe(expected),
);

test("links with absolute targets stay inside of the root, and circles end", () => {
  const root = workshop.path("root");
  mkdirSync(`${root}/usr/lib`, { recursive: true });
  workshop.write("root/usr/lib/libx.so.1", "\x7fELF");
  symlinkSync("/usr/lib", `${root}/lib`);
  symlinkSync("../lib/libx.so.1", `${root}/usr/lib/libx.so`);
  symlinkSync("circle", `${root}/circle`);
  expect(withoutLinks("/lib/libx.so", root)).toBe("/usr/lib/libx.so.1");
  expect(withoutLinks("/../../lib/./libx.so", root)).toBe("/usr/lib/libx.so.1");
  expect(withoutLinks("/circle", root)).toBe("/circle");
  expect(findByShortName("x", root)).toBe("/usr/lib/libx.so.1");
  workshop.write("root/usr/lib/liby.so", "/* GNU ld script */ GROUP ( /lib/liby.so.2 )");
  workshop.write("root/usr/lib/liby.so.2", "\x7fELF");
  expect(findByShortName("y", root)).toBe("/usr/lib/liby.so.2");
});

test("the loader's cache says what ldconfig says, and damage ends in fewer libraries", () => {
  const bytes = readFileSync("/etc/ld.so.cache");
  const ours = parseLibraryCache(bytes, process.arch).map(([soname, path]) => `${soname} ${path}`);
  const said = workshop
    .run("/sbin/ldconfig", "-p")
    .matchAll(/^\t(\S+) \(libc6,(?:x86-64|AArch64)[^)]*\) => (\S+)$/gm);
  expect(ours).toEqual([...said].map(([, soname, path]) => `${soname} ${path}`));
  expect(ours.length).toBeGreaterThan(10);
  for (let length = 0; length < 400; length++) parseLibraryCache(bytes.subarray(0, length), "x64");
  fc.assert(
    fc.property(fc.nat(4000), fc.nat(255), (at, value) => {
      const damaged = Buffer.from(bytes.subarray(0, 4096));
      damaged[at] = value;
      parseLibraryCache(damaged, "x64");
    }),
  );
});
