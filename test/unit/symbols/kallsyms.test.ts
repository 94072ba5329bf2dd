import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { Kallsyms, loadKallsyms, readKallsyms } from "../../../src/symbols/kallsyms";
import { KallsymsParser, parseKallsyms } from "../../../src/symbols/kallsyms-columns";

/** As the kernel writes it: its own symbols in order, then modules in theirs. */
const text = `\
0000000000000000 A fixed_percpu_data
ffffffff81000000 T _stext
ffffffff81000000 T do_start
ffffffff81000040 D table
ffffffff81000040 t read_table
ffffffff81000080 W weak_function
ffffffff81000100 T _etext
ffffffff81002000 D some_data
ffffffffa0001200 t late\t[loop]
ffffffffa0001000 t early\t[loop]
ffffffffa0001000 t early_alias\t[loop]
ffffffffa0001100 T same_name\t[loop]
ffffffffa0010000 T same_name\t[nfs]
ffffffffa0100000 t bpf_prog_6deef7357e7b4530_sd_fw\t[bpf]
ffffffffa0101000 t bpf_prog_12ab_count\t[bpf]
`;
const modules = "loop 8192 0 - Live 0xffffffffa0001000\nnfs 512 1 loop, Live 0xffffffffa0010000 (E)\n";
const symbols = new Kallsyms(Buffer.from(text), modules);

test.each<[address: bigint, expected: string | undefined]>([
  [0n, undefined],
  [0xffffffff80ffffffn, undefined],
  [0xffffffff81000000n, "_stext+0"],
  [0xffffffff8100003fn, "_stext+63"],
  [0xffffffff81000040n, "read_table+0"],
  [0xffffffff81000080n, "weak_function+0"],
  [0xffffffff810000ffn, "weak_function+127"],
  [0xffffffff81000100n, undefined],
  [0xffffffff81001000n, undefined],
  [0xffffffff81002000n, undefined],
  [0xffffffffa0000fffn, undefined],
  [0xffffffffa0001000n, "early+0 [loop]"],
  [0xffffffffa00010ffn, "early+255 [loop]"],
  [0xffffffffa0001200n, "late+0 [loop]"],
  [0xffffffffa0002fffn, "late+7679 [loop]"],
  [0xffffffffa0003000n, undefined],
  [0xffffffffa00101ffn, "same_name+511 [nfs]"],
  [0xffffffffa0010200n, undefined],
  [0xffffffffa0100fffn, "bpf_prog_6deef7357e7b4530_sd_fw+4095 [bpf]"],
  [0xffffffffa0101001n, "bpf_prog_12ab_count+1 [bpf]"],
  [0xffffffffa0200000n, undefined],
  [0xffffffffffffffffn, undefined],
])("%#x is %s", (address, expected) => {
  const found = symbols.lookup(address);
  const module = found?.module === undefined ? "" : ` [${found.module}]`;
  expect(found && `${found.name}+${found.offset}${module}`).toBe(expected);
});

test("a name has all of its addresses, or those in one module", () => {
  expect(symbols.addressesOf("same_name")).toEqual([0xffffffffa0001100n, 0xffffffffa0010000n]);
  expect(symbols.addressesOf("same_name", "nfs")).toEqual([0xffffffffa0010000n]);
  expect(symbols.addressesOf("do_start")).toEqual([0xffffffff81000000n]);
  expect(symbols.addressesOf("same")).toEqual([]);
  expect(symbols.addressesOf("some_data")).toEqual([]);
});

test("functions are listed by rising address, without data", () => {
  expect([...symbols.functions(/^(early|t|some)/)].map(({ name }) => name)).toEqual(["early", "early_alias"]);
  expect([...symbols.functions()]).toHaveLength(12);
  expect([...symbols.functions(/count$/)]).toEqual([
    { name: "bpf_prog_12ab_count", module: "bpf", address: 0xffffffffa0101000n },
  ]);
});

test("where addresses are hidden nothing is named, but names can be listed", () => {
  const hidden = new Kallsyms(Buffer.from(text.replace(/^[0-9a-f]{16}/gm, "0".repeat(16))));
  expect(hidden.hidden).toBe(true);
  expect(hidden.lookup(0n)).toBeUndefined();
  expect(hidden.addressesOf("do_start")).toEqual([]);
  expect([...hidden.named("do_start")]).toEqual([{ name: "do_start", module: undefined, address: 0n }]);
  expect([...hidden.functions(/^do_start$/)]).toEqual([{ name: "do_start", module: undefined, address: 0n }]);
  expect(symbols.hidden).toBe(false);
});

test("without /proc/modules a module's last function ends after 64 KiB", () => {
  const alone = new Kallsyms(Buffer.from("ffffffffa0001000 t last\t[loop]\n"));
  expect(alone.lookup(0xffffffffa0010fffn)?.name).toBe("last");
  expect(alone.lookup(0xffffffffa0011000n)).toBeUndefined();
});

test("whatever the bytes are, nothing but symbols comes out", () => {
  const line = fc.oneof(fc.constantFrom(...text.split("\n")), fc.string({ maxLength: 40 }));
  fc.assert(
    fc.property(fc.array(line), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (lines, address) => {
      const parsed = new Kallsyms(Buffer.from(lines.join("\n")), lines.join("\n"));
      parsed.lookup(address);
      const early = [...parsed.functions(/^early$/)].map(({ address: at }) => at);
      expect(new Set(parsed.hidden ? early : parsed.addressesOf("early"))).toEqual(new Set(early));
      expect([...parsed.functions()].length).toBeLessThanOrEqual(lines.length);
    }),
  );
});

test("in whatever pieces the bytes come, the symbols are the same", () => {
  const line = fc.oneof(fc.constantFrom(...text.split("\n")), fc.string({ maxLength: 40 }));
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(400)), (lines, cuts) => {
      const bytes = Buffer.from(lines.join("\n"));
      const parser = new KallsymsParser();
      for (const cut of cuts.sort((a, b) => a - b)) parser.parse(bytes.subarray(0, cut));
      expect(parser.finish(bytes)).toEqual(parseKallsyms(bytes));
    }),
  );
});

describe("read while it is taken apart", () => {
  let proc: string;
  beforeEach(() => {
    proc = mkdtempSync(join(tmpdir(), "kallsyms-"));
  });
  afterEach(() => rmSync(proc, { recursive: true }));

  test("it names the same, with the ends of modules", async () => {
    writeFileSync(join(proc, "kallsyms"), text);
    writeFileSync(join(proc, "modules"), modules);
    const loaded = await loadKallsyms(proc);
    expect([...loaded.functions()]).toEqual([...symbols.functions()]);
    expect(loaded.lookup(0xffffffffa0002fffn)).toEqual({ name: "late", module: "loop", offset: 7679 });
    expect(loaded.lookup(0xffffffffa0003000n)).toBeUndefined();
  });

  test("it has as many symbols as there are", async () => {
    const count = 300_000;
    const lines = Array.from({ length: count }, (_, at) => {
      const address = (0xffffffff81000000n + BigInt(at * 16)).toString(16);
      return `${address} t a_function_with_a_name_of_some_length_${at}\n`;
    });
    writeFileSync(join(proc, "kallsyms"), lines.join(""));
    for (const many of [await loadKallsyms(proc), readKallsyms(proc)]) {
      expect(many.size).toBe(count);
      for (let at = 0; at < count; at += 997)
        expect(many.lookup(0xffffffff81000007n + BigInt(at * 16))).toEqual({
          name: `a_function_with_a_name_of_some_length_${at}`,
          module: undefined,
          offset: 7,
        });
    }
  });

  test("a file that cannot be read is an error", async () => {
    await expect(loadKallsyms(proc)).rejects.toMatchObject({ code: "ENOENT" });
    mkdirSync(join(proc, "kallsyms"));
    await expect(loadKallsyms(proc)).rejects.toMatchObject({ code: "EISDIR" });
  });
});

test.each([
  ["read at once", async () => readKallsyms()],
  ["read while it is taken apart", () => loadKallsyms()],
])(
  "the running kernel's own symbols, %s: each function is found by name and by address",
  async (_how, read) => {
    const running = await read();
    const lines = readFileSync("/proc/kallsyms", "latin1").trimEnd().split("\n");
    // Other programs come and go meanwhile.
    const steady = lines.filter((line) => !line.endsWith("\t[bpf]"));
    expect(running.size).toBeGreaterThanOrEqual(steady.length);
    if (running.hidden) return;
    const functions = steady.filter((line) => /^[0-9a-f]+ [tT] (?!_etext|_einittext)/.test(line));
    for (let at = 0; at < functions.length; at += 997) {
      const [digits, , name] = (functions[at] as string).split(/[ \t]/) as [string, string, string];
      const address = BigInt(`0x${digits}`);
      expect(running.addressesOf(name)).toContain(address);
      const alias = running.lookup(address);
      expect(alias?.offset).toBe(0);
      expect(running.addressesOf(alias?.name ?? "")).toContain(address);
    }
  },
);
