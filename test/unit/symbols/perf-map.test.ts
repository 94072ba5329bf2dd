import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import fc from "fast-check";
import { parseJitName } from "../../../src/symbols/jit-code";
import { PerfMap } from "../../../src/symbols/perf-map";
import { Workshop } from "./compiled";

const NOWHERE = { file: undefined, line: undefined, column: undefined, tier: undefined };

test.each([
  ["JS:*greet /srv/a b:c/w x.js:1:22", "JS", "greet", "/srv/a b:c/w x.js", 1, 22, "optimized"],
  ["JS:~es file:///tmp/m.mjs:1:38", "JS", "es", "file:///tmp/m.mjs", 1, 38, "interpreted"],
  ["JS:+'arrow /w.js:3:15", "JS", "arrow", "/w.js", 3, 15, "maglev"],
  ["JS:^ /w.js:1:1", "JS", "(anonymous)", "/w.js", 1, 1, "baseline"],
  ["JS:~ node:internal/main:1:1", "JS", "(anonymous)", "node:internal/main", 1, 1, "interpreted"],
  ["JS:^get lazy /w.js:1:9", "JS", "get lazy", "/w.js", 1, 9, "baseline"],
  ["JS:~f [eval]:2:3", "JS", "f", "[eval]", 2, 3, "interpreted"],
  ["JS:~run evalmachine.<anonymous>:1:5", "JS", "run", "evalmachine.<anonymous>", 1, 5, "interpreted"],
  ["JS:*f relative.js:7:1", "JS", "f", "relative.js", 7, 1, "optimized"],
  ["LazyCompile:*old /w.js:12", "LazyCompile", "old", "/w.js", 12, undefined, "optimized"],
  ["Function:~named /w.js:1:2", "Function", "named", "/w.js", 1, 2, "interpreted"],
  ["Script:~ file:///m.mjs:1:1", "Script", "(script)", "file:///m.mjs", 1, 1, "interpreted"],
  ["Eval:~ /tmp/w.js:1:1", "Eval", "(eval)", "/tmp/w.js", 1, 1, "interpreted"],
])("%s", (text, kind, name, file, line, column, tier) =>
  expect(parseJitName(text)).toEqual({ kind, name, file, line, column, tier }),
);

test.each([
  ["Builtin:RegExpPrototypeExec", "Builtin", "RegExpPrototypeExec"],
  ["BytecodeHandler:Wide", "BytecodeHandler", "Wide"],
  ["RegExp:a+b", "RegExp", "/a+b/"],
  ["RegExp.> src: 'a+b' flags: 'g'", "RegExp", "/a+b/g"],
  ["py::work:/srv/app.py", undefined, "py::work:/srv/app.py"],
  ["java.lang.String::hashCode", undefined, "java.lang.String::hashCode"],
  ["JSON", undefined, "JSON"],
])("%s", (text, kind, name) => expect(parseJitName(text)).toEqual({ ...NOWHERE, kind, name }));

const at = (map: PerfMap, address: number) => {
  const found = map.find(address);
  return found && `${found.code.name}+${found.offset}`;
};

test("an address belongs to the code that holds it, up to its last byte", () => {
  const map = new PerfMap(
    Buffer.from("7f0000001000 10 first\n7f0000001010 20 second one\n0x500 0x8 low\nnonsense\n"),
  );
  expect(map.size).toBe(3);
  expect(at(map, 0x7f0000001000)).toBe("first+0");
  expect(at(map, 0x7f000000100f)).toBe("first+15");
  expect(at(map, 0x7f0000001010)).toBe("second one+0");
  expect(at(map, 0x7f0000001030)).toBeUndefined();
  expect(at(map, 0x507)).toBe("low+7");
  expect(at(map, 0x508)).toBeUndefined();
});

test("where code has moved over other code the last line counts", () => {
  const map = new PerfMap(Buffer.from("1000 100 old\n1040 40 middle\n1000 20 new\n1060 8 newest"));
  expect([0x1000, 0x101f, 0x1020, 0x1040, 0x1060, 0x1068, 0x1080].map((address) => at(map, address))).toEqual(
    ["new+0", "new+31", "old+32", "middle+0", "newest+0", "middle+40", "old+128"],
  );
});

test("whatever the bytes are, what is found holds the address", () => {
  const line = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc
      .tuple(fc.nat(4096), fc.nat(512))
      .map(([start, size]) => `${start.toString(16)} ${size.toString(16)} name`),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 50 }), fc.nat(4700), (lines, address) => {
      const found = new PerfMap(Buffer.from(lines.join("\n"))).find(address);
      if (found !== undefined) expect(found.offset).toBeLessThan(2 ** 53);
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => typeof parseJitName(text).name === "string"));
});

test("what this Node writes is understood: function, file, line and tier", () => {
  using workshop = new Workshop();
  const script = workshop.write(
    "hot loop.js",
    `let sum = 0;
function hotFunction(n) { for (let i = 0; i < n; i++) sum += Math.sqrt(i); return sum; }
for (let i = 0; i < 3000; i++) hotFunction(2000);
console.log(process.pid);`,
  );
  // V8 leaves a log of its own where it runs.
  const options = { cwd: dirname(script), encoding: "utf8" } as const;
  const pid = execFileSync(process.execPath, ["--perf-basic-prof", script], options).trim();
  const path = `/tmp/perf-${pid}.map`;
  const text = readFileSync(path);
  rmSync(path);
  const map = new PerfMap(text);
  const entries = [...text.toString().matchAll(/^([0-9a-f]+) [0-9a-f]+ JS:.*hotFunction /gm)];
  const found = entries.map(([, digits]) => map.find(parseInt(digits as string, 16))?.code);
  expect(new Set(found.map((code) => code?.name))).toEqual(new Set(["hotFunction"]));
  expect(new Set(found.map((code) => `${code?.file}:${code?.line}`))).toEqual(new Set([`${script}:2`]));
  expect(found.map((code) => code?.tier)).toEqual(expect.arrayContaining(["interpreted", "optimized"]));
});
