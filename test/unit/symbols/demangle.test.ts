import { execFileSync, spawnSync } from "node:child_process";
import fc from "fast-check";
import { demangler } from "../../../src/symbols/demangle";
import { openCxxDemangler } from "../../../src/sys/linux";
import { functionsByNm, Workshop } from "./compiled";

const readable = demangler(openCxxDemangler());

test.each([
  ["_ZNSt6vectorIiSaIiEE9push_backERKi", "std::vector<int, std::allocator<int> >::push_back(int const&)"],
  ["_ZN4node5StartEiPPc.cold", "node::Start(int, char**) [clone .cold]"],
  ["_ZZ4mainENKUlvE_clEv", "main::{lambda()#1}::operator()() const"],
  ["_ZN4core3ptr13drop_in_place17h0123456789abcdefE", "core::ptr::drop_in_place"],
  [
    "_ZN60_$LT$alloc..string..String$u20$as$u20$core..fmt..Display$GT$3fmt17h0123456789abcdefE.llvm.1234",
    "<alloc::string::String as core::fmt::Display>::fmt",
  ],
  ["_ZN4test28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE", "test::{{closure}}"],
  ["_Znonsense", "_Znonsense"],
  ["_ZN3foo17h0123E", "_ZN3foo17h0123E"],
  ["main", "main"],
  ["i", "i"],
  ["", ""],
])("%s", (mangled, expected) => expect(readable(mangled)).toBe(expected));

test("a name of more than 4 KiB is left alone", () => {
  const long = `_Z900${"f".repeat(900)}v`;
  expect(readable(long)).toBe(`${"f".repeat(900)}()`);
  const longer = `_Z5000${"f".repeat(5000)}v`;
  expect(readable(longer)).toBe(longer);
});

test("a name is asked for once", () => {
  let calls = 0;
  const counting = demangler((name) => {
    calls++;
    return `<${name}>`;
  });
  expect([counting("_Zx"), counting("_Zx"), counting("_Zy")]).toEqual(["<_Zx>", "<_Zx>", "<_Zy>"]);
  expect(calls).toBe(2);
});

test("names of any form come back as some name", () => {
  const alphabet = fc.constantFrom(..."ZNKSRIJELPFvijbt0123456789_$.uLTGhe");
  const mangled = fc.tuple(fc.constantFrom("_ZN", "_Z", "_R", "_RNv", "_RIN"), fc.string({ unit: alphabet }));
  fc.assert(
    fc.property(mangled, ([prefix, rest]) => readable(prefix + rest).length > 0),
    { numRuns: 2000 },
  );
});

test("what g++ makes is read as c++filt reads it", () => {
  using workshop = new Workshop();
  const source = `#include <map>
#include <string>
namespace deep { template <class T, int N> struct Box { T get(const std::map<std::string, T> &m) const; };
template <class T, int N> T Box<T, N>::get(const std::map<std::string, T> &m) const { return m.begin()->second; }
template struct Box<double, 3>; int operator+(const Box<double, 3> &, int) { auto f = [](int x) { return x; }; return f(1); } }
int main() { return 0; }`;
  const path = workshop.path("cxx.o");
  execFileSync("g++", ["-c", "-x", "c++", "-", "-o", path], { input: source, stdio: "pipe" });
  const names = [...functionsByNm(path).keys()].filter((name) => name.startsWith("_Z"));
  const filt = spawnSync("c++filt", { input: names.join("\n"), encoding: "utf8" })
    .stdout.trimEnd()
    .split("\n");
  expect(names.length).toBeGreaterThan(5);
  expect(names.map(readable)).toEqual(filt);
});
