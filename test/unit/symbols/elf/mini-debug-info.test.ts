/** Files as Fedora makes them, here by hand: stripped, with their symbol table packed into a section. */
import { readFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { ElfFile } from "../../../../src/symbols/elf/elf-file";
import { ElfModule } from "../../../../src/symbols/elf/elf-module";
import { ElfError } from "../../../../src/symbols/elf/error";
import { openMiniDebugInfo } from "../../../../src/symbols/elf/mini-debug-info";
import { functionsByNm, Workshop } from "../compiled";

const source = `
static __attribute__((noinline)) int hidden(int x) { return x * 3; }
int main(void) { return hidden(2); }`;

const workshop = new Workshop();
afterAll(() => workshop[Symbol.dispose]());

/** Returns the stripped file with its packed symbols, and the whole one. */
function packed(name: string, damage: (bytes: Buffer) => Buffer = (bytes) => bytes) {
  const whole = workshop.compile(`${name}.whole`, source, "-O1");
  const [mini, path] = [workshop.path(`${name}.mini`), workshop.path(name)];
  workshop.run("objcopy", "--only-keep-debug", whole, mini);
  workshop.run("xz", "--force", mini);
  writeFileSync(`${mini}.xz`, damage(readFileSync(`${mini}.xz`)));
  workshop.run("objcopy", "--strip-all", "--add-section", `.gnu_debugdata=${mini}.xz`, whole, path);
  return { path, whole };
}

test("a stripped file's packed symbols name its functions once they are unpacked", async () => {
  const { path, whole } = packed("fedora");
  const address = functionsByNm(whole).get("hidden") as number;
  using module = new ElfModule(ElfFile.open(path), path, []);
  expect(module.find(address)?.name).not.toBe("hidden");
  await module.unpack();
  expect(module.symbolSource).toBe("minidebuginfo");
  expect(module.find(address)?.name).toBe("hidden");
  expect(module.named("hidden").map((one) => one.address)).toEqual([address]);
});

test("a file without any has none", async () => {
  using elf = ElfFile.open(workshop.compile("plain", source, "-s"));
  expect(await openMiniDebugInfo(elf)).toBeUndefined();
});

test.each<[string, (bytes: Buffer) => Buffer]>([
  ["cut short", (bytes) => bytes.subarray(0, bytes.length >> 1)],
  ["of another form", () => Buffer.from("no xz at all")],
  ["empty", () => Buffer.alloc(0)],
])("packed symbols that are %s are an ELF error, and a module does without", async (name, damage) => {
  const { path } = packed(name.replaceAll(" ", "-"), damage);
  using elf = ElfFile.open(path);
  await expect(openMiniDebugInfo(elf)).rejects.toThrow(ElfError);
  using module = new ElfModule(ElfFile.open(path), path, []);
  await module.unpack();
  expect(module.symbolSource).not.toBe("minidebuginfo");
});

test("damage anywhere in the packed bytes ends in an answer or an ELF error", async () => {
  const { path } = packed("shaken");
  const bytes = readFileSync(path);
  using elf = ElfFile.open(path);
  const section = elf.section(".gnu_debugdata");
  const { offset = 0, size = 0 } = section ?? {};
  expect(size).toBeGreaterThan(100);
  await fc.assert(
    fc.asyncProperty(fc.nat(size - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const damaged = Buffer.from(bytes);
      damaged[offset + at] = (damaged[offset + at] as number) ^ change;
      using file = ElfFile.open(workshop.write("shaken.damaged", damaged));
      const outcome = await openMiniDebugInfo(file).catch((error: unknown) => error);
      expect(outcome instanceof ElfFile || outcome instanceof ElfError).toBe(true);
    }),
  );
});
