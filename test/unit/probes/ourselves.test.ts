import { codeUnits } from "../../../src/probes/ourselves";

test.each<[string, string[], number[]]>([
  ["one mapping", ["00400000-00500000 r-xp 00000000 08:01 1 /bin/node"], [0]],
  ["what cannot run does not count", ["30000000-40000000 rw-p 00000000 00:00 0"], []],
  ["several in a unit are one", ["10000000-10001000 r-xp", "10002000-10003000 rwxp"], [1]],
  ["a mapping across units", ["0ffff000-20001000 r-xp 00000000 00:00 0"], [0, 1, 2]],
  ["the end is not part of it", ["10000000-20000000 r-xp 00000000 00:00 0"], [1]],
  ["x86-64's highest", ["7ffff7fc1000-7ffff7fc3000 r-xp 00000000 00:00 0 [vdso]"], [0x7ffff]],
  ["arm64 has one bit more", ["ffffb2a10000-ffffb2a12000 r-xp 00000000 00:00 0 [vdso]"], [0xffffb]],
  ["vsyscall is nobody's", ["ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]"], []],
])("codeUnits: %s", (_name, maps, units) => {
  expect(codeUnits(`${maps.join("\n")}\n`)).toEqual(units);
});
