/** ELF files made by gcc, read by us and by binutils. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { ElfFile } from "../../../../src/symbols/elf/elf-file";
import { ElfModule } from "../../../../src/symbols/elf/elf-module";
import { functionsByNm, Workshop } from "../compiled";

const source = `
#include <stdio.h>
static __attribute__((noinline)) int hidden(int x) { return x * 3; }
__attribute__((noinline)) int visible(int x) { return hidden(x) + 1; }
__attribute__((noinline)) int other(int x) { return visible(x) ^ 5; }
__asm__(".globl by_hand\\n.text\\nby_hand: nop\\nret\\n.byte 0,0,0,0\\n");
static int fast(int x) { return x; }
static void *choose(void) { return fast; }
int chosen(int) __attribute__((ifunc("choose")));
int main(int count, char **words) { (void)words; printf("%d\\n", other(count) + chosen(count)); return 0; }
`;
const library = `int exported(int x) { return x + 7; } static int inner(int x) { return x; } int (*keep)(int) = inner;`;

const workshop = new Workshop();
afterAll(() => workshop[Symbol.dispose]());

const kinds: readonly (readonly [name: string, flags: readonly string[]])[] = [
  ...["-O0", "-O1", "-O2", "-O3"].map((level) => [`pie${level}`, [level, "-pie"]] as const),
  ["no-pie", ["-O1", "-no-pie"]],
  ["static", ["-O1", "-static"]],
  ["static-pie", ["-O1", "-static-pie"]],
  ["sections", ["-O1", "-ffunction-sections"]],
];

describe.each(kinds)("a program made with %s", (name, flags) => {
  let elf: ElfFile;
  let known: Map<string, number>;
  beforeAll(() => {
    const path = workshop.compile(name, source, ...flags);
    elf = ElfFile.open(path);
    known = functionsByNm(path);
  });
  afterAll(() => elf[Symbol.dispose]());

  test("its functions are where nm has them", () => {
    const ours = new Map([...(elf.functions?.matching() ?? [])].map((one) => [one.name, one.address]));
    const missing = [...known].filter(([symbol]) => !ours.has(symbol));
    // nm also calls labels at the ends of sections functions; none of ours is one of those.
    expect(missing.filter(([symbol]) => /^(main|hidden|visible|other|by_hand|chosen)$/.test(symbol))).toEqual(
      [],
    );
    for (const [symbol, address] of ours)
      if (known.has(symbol))
        expect(elf.functions?.named(symbol).map((one) => one.address)).toContain(address);
    expect(known.get("main")).toBeGreaterThan(0);
    expect(ours.get("main")).toBe(known.get("main"));
    expect(ours.get("by_hand")).toBe(known.get("by_hand"));
  });

  test("every byte of a function is its own, the byte behind it is not", () => {
    for (const symbol of ["main", "other", "visible"]) {
      const [one] = elf.functions?.named(symbol) ?? [];
      if (one === undefined) throw new Error(`no ${symbol}`);
      for (const at of [0, 1, one.size - 1]) expect(elf.functions?.find(one.address + at)?.name).toBe(symbol);
      expect(elf.functions?.find(one.address + one.size)?.name).not.toBe(symbol);
      expect(elf.functions?.find(one.address - 1)?.name).not.toBe(symbol);
    }
  });

  test("the file has each function's code at its offset", () => {
    const [one] = elf.functions?.named("by_hand") ?? [];
    const offset = elf.offsetOf(one?.address ?? 0) ?? 0;
    const code = process.arch === "x64" ? "90c3" : "1f2003d5";
    expect(
      readFileSync(elf.name)
        .subarray(offset, offset + code.length / 2)
        .toString("hex"),
    ).toBe(code);
    expect(elf.addressOf(offset)).toBe(one?.address);
  });

  test("a function of assembly without a size reaches to the next", () => {
    const [one] = elf.functions?.named("by_hand") ?? [];
    expect(one?.size).toBe(0);
    expect(elf.functions?.find((one?.address ?? 0) + 1)?.name).toBe("by_hand");
  });

  test("an indirect function says so", () => {
    expect(elf.functions?.named("chosen")).toMatchObject([{ indirect: true }]);
    expect(elf.functions?.named("main")).toMatchObject([{ indirect: false }]);
  });

  test("the build id is readelf's", () => {
    const said = /Build ID: ([0-9a-f]+)/.exec(workshop.run("readelf", "-n", elf.name))?.[1];
    expect(elf.buildId).toBe(said);
    expect(elf.buildId).toMatch(/^[0-9a-f]{40}$/);
  });
});

describe("a library", () => {
  test("stripped, it still has what it exports", () => {
    const path = workshop.compile("libplain.so", library, "-shared", "-fPIC");
    const stripped = workshop.path("libstripped.so");
    workshop.run("strip", "-o", stripped, path);
    using elf = ElfFile.open(stripped);
    expect(elf.functions).toBeUndefined();
    expect(elf.exportedFunctions?.named("exported").map((one) => one.address)).toEqual([
      functionsByNm(stripped, "-D").get("exported"),
    ]);
    expect(elf.exportedFunctions?.named("inner")).toEqual([]);
    using module = new ElfModule(ElfFile.open(stripped), stripped, ["/"]);
    expect([module.symbolSource, module.hasOwnNames]).toEqual(["dynsym", false]);
  });

  test("the system's C library is read as nm reads it", () => {
    const path = process.report.getReport() as unknown as { sharedObjects: string[] };
    const libc = path.sharedObjects.find((one) => /\/libc[.-]/.test(one)) as string;
    using elf = ElfFile.open(libc);
    const known = functionsByNm(libc, "-D");
    expect(known.size).toBeGreaterThan(1000);
    for (const name of ["malloc", "open", "write", "qsort", "getpid"])
      expect(elf.exportedFunctions?.named(name).map((one) => one.address)).toContain(known.get(name));
  });
});

describe("a separate debug file", () => {
  const strippedWithDebug = (name: string, ...flags: string[]) => {
    const whole = workshop.compile(`${name}.whole`, source, "-O1", "-g", ...flags);
    const path = workshop.path(name);
    workshop.run("objcopy", "--only-keep-debug", whole, `${path}.debug`);
    workshop.run("objcopy", "--strip-all", `--add-gnu-debuglink=${path}.debug`, whole, path);
    return { whole, path };
  };

  test("is found by the debug link beside the file", () => {
    const { whole, path } = strippedWithDebug("linked");
    using module = new ElfModule(ElfFile.open(path), path, ["/"]);
    expect(module.symbolSource).toBe("debug file");
    expect(module.named("hidden").map((one) => one.address)).toEqual([functionsByNm(whole).get("hidden")]);
    expect(module.find(functionsByNm(whole).get("hidden") as number)?.name).toBe("hidden");
  });

  test("is found by the build id below a process's root", () => {
    const { path } = strippedWithDebug("identified");
    const id = ElfFile.open(path).buildId as string;
    const root = workshop.path("root");
    const folder = `${root}/usr/lib/debug/.build-id/${id.slice(0, 2)}`;
    workshop.run("mkdir", "-p", folder);
    workshop.run("mv", `${path}.debug`, `${folder}/${id.slice(2)}.debug`);
    using module = new ElfModule(ElfFile.open(path), "/somewhere/else", [root, "/"]);
    expect(module.symbolSource).toBe("debug file");
    using elsewhere = new ElfModule(ElfFile.open(path), "/somewhere/else", ["/"]);
    expect(elsewhere.symbolSource).not.toBe("debug file");
  });

  test("of another build is passed over", () => {
    const { path } = strippedWithDebug("rebuilt");
    const { path: changed } = strippedWithDebug("changed", "-DCHANGED", "-O2");
    workshop.run("cp", `${changed}.debug`, `${path}.debug`);
    using module = new ElfModule(ElfFile.open(path), path, ["/"]);
    expect(module.symbolSource).not.toBe("debug file");
  });

  test("without build ids is known by its checksum", () => {
    const { path } = strippedWithDebug("unidentified", "-Wl,--build-id=none");
    using module = new ElfModule(ElfFile.open(path), path, ["/"]);
    expect([module.elf.buildId, module.symbolSource]).toEqual([undefined, "debug file"]);
    writeFileSync(`${path}.debug`, Buffer.concat([readFileSync(`${path}.debug`), Buffer.alloc(1)]));
    using damaged = new ElfModule(ElfFile.open(path), path, ["/"]);
    expect(damaged.symbolSource).not.toBe("debug file");
  });
});

test("a large file is not read whole", () => {
  const path = workshop.compile("sparse", source, "-O1");
  // The same program at the head of a file of 4 GiB, most of which does not exist.
  workshop.run("truncate", "-s", "4G", path);
  expect(statSync(path).size).toBe(2 ** 32);
  using elf = ElfFile.open(path);
  expect(elf.functions?.named("main")).toHaveLength(1);
  expect(elf.buildId).toMatch(/^[0-9a-f]{40}$/);
});

test.each([
  ["no ELF file", () => Buffer.from("#!/bin/sh\n".repeat(10)), /no ELF file/],
  ["an empty file", () => Buffer.alloc(0), /no ELF file/],
  ["a header cut short", () => Buffer.from("7f454c4602010100".padEnd(60, "0"), "hex"), /absent/],
  ["a 32-bit file", () => Buffer.from("7f454c4601010100".padEnd(104, "0"), "hex"), /32-bit: only 64-bit/],
  ["a big-endian file", () => Buffer.from("7f454c4602020100".padEnd(128, "0"), "hex"), /big-endian/],
])("%s is refused", (name, bytes, message) => {
  const path = workshop.write(name, bytes());
  expect(() => ElfFile.open(path)).toThrow(message);
});

test("an absent file, a device and a pipe are refused without opening them", () => {
  expect(() => ElfFile.open("/nonexistent/file")).toThrow(/ENOENT/);
  expect(() => ElfFile.open("/dev/null")).toThrow(/not a regular file/);
  workshop.run("mkfifo", "pipe");
  expect(() => ElfFile.open(workshop.path("pipe"))).toThrow(/not a regular file/);
});
