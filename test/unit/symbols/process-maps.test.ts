import fc from "fast-check";
import { ProcessMaps, readMaps } from "../../../src/symbols/process-maps";

const text = `\
00400000-00401000 r--p 00000000 fd:01 1234 /usr/bin/my program
00401000-00480000 r-xp 00001000 fd:01 1234                       /usr/bin/my program
00c00000-00e00000 rw-p 00000000 00:00 0 [heap]
7f0000000000-7f0000010000 rwxp 00000000 00:00 0
7f0000020000-7f0000030000 r-xp 00026000 08:11 99999999999999999 /tmp/lib\\012x.so (deleted)
7f0000040000-7f0000050000 r-xs 00000000 00:01 2057 /memfd:code (deleted)
7f0000060000-7f0000070000 r-xs 00000000 00:01 1024 /dev/zero (deleted)
7f0000080000-7f0000090000 --xp 00000000 00:00 0 [anon:code]
7fff12340000-7fff12342000 r-xp 00000000 00:00 0                  [vdso]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0          [vsyscall]
`;
const maps = ProcessMaps.parse(text);

test.each<[address: number, ...expected: (string | boolean)[]]>([
  [0x400fff],
  [0x401000, "file", "/usr/bin/my program", false],
  [0x47ffff, "file", "/usr/bin/my program", false],
  [0x480000],
  [0x7f0000000000, "anonymous", "", false],
  [0x7f0000020000, "file", "/tmp/lib\nx.so", true],
  [0x7f0000040000, "file", "/memfd:code", true],
  [0x7f0000060000, "anonymous", "/dev/zero (deleted)", false],
  [0x7f0000080000, "anonymous", "[anon:code]", false],
  [0x7fff12341fff, "vdso", "[vdso]", false],
  [0xffffffffff600000, "vsyscall", "[vsyscall]", false],
  [0],
])("%i", (address, ...expected) => {
  const found = maps.find(address);
  expect(found === undefined ? [] : [found.kind, found.path, found.deleted]).toEqual(expected);
});

test("a mapping keeps where it is in which file", () => {
  expect(maps.find(0x7f0000020000)).toEqual({
    start: 0x7f0000020000,
    end: 0x7f0000030000,
    offset: 0x26000,
    kind: "file",
    path: "/tmp/lib\nx.so",
    device: "08:11",
    inode: 99999999999999999n,
    deleted: true,
  });
});

test("whatever the text is, only mappings come out", () => {
  const line = fc.oneof(fc.constantFrom(...text.split("\n")), fc.string({ unit: "binary" }));
  const mixed = fc.tuple(line, line, fc.nat(80)).map(([a, b, at]) => a.slice(0, at) + b.slice(at));
  fc.assert(
    fc.property(fc.array(fc.oneof(line, mixed)), fc.integer({ min: 0 }), (lines, address) => {
      const parsed = ProcessMaps.parse(lines.join("\n"));
      const found = parsed.find(address);
      if (found !== undefined) expect(address >= found.start && address < found.end).toBe(true);
    }),
  );
});

test("our own maps have our program, and a process that is none has no maps", () => {
  const paths = readMaps(process.pid)?.mappings.map(({ path }) => path);
  expect(paths).toContain(process.execPath);
  expect(paths).toContain("[vdso]");
  expect(readMaps(2 ** 22 + 1)).toBeUndefined();
});
