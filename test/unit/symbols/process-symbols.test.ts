/** What is mapped at an address while a process changes what it has mapped, with a /proc of our own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserSymbols } from "../../../src/symbols/user-symbols";

const PID = 7;
let proc: string;
beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), "proc-"));
  mkdirSync(join(proc, `${PID}`));
});
afterEach(() => rmSync(proc, { recursive: true }));

const map = (...lines: readonly string[]) =>
  writeFileSync(join(proc, `${PID}`, "maps"), lines.map((line) => `${line}\n`).join(""));
const code = (range: string, path: string) => `${range} r-xp 00000000 08:01 0 ${path}`;

test("an older mapping is not asked where newer maps have something else", () => {
  map(code("1000-5000", "[old]"));
  using symbols = new UserSymbols({ proc });
  const process = symbols.process(PID);
  const pathAt = (address: bigint) => process.moduleAt(address)?.mapping.path;
  expect(pathAt(0x1800n)).toBe("[old]");
  const { generation } = process;
  map(code("3000-4000", "[new]"));
  expect(process.refresh()).toBe(true);
  expect(process.generation).not.toBe(generation);
  // What is mapped no more is remembered: samples may come late.
  for (const address of [0x1800n, 0x3800n, 0x4800n, 0x3800n])
    expect(pathAt(address)).toBe(address === 0x3800n ? "[new]" : "[old]");
  expect(process.mappedAt(0x3800)).toBe(process.moduleAt(0x3900n));
  expect(pathAt(0x9000n)).toBeUndefined();
});

test("maps that are read again and are the same change nothing", () => {
  map(code("1000-5000", "[old]"));
  using symbols = new UserSymbols({ proc });
  const process = symbols.process(PID);
  const { generation } = process;
  const found = process.moduleAt(0x1800n);
  expect(process.refresh()).toBe(true);
  expect(process.generation).toBe(generation);
  expect(process.moduleAt(0x1900n)).toBe(found);
});
