import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cached, faultOf } from "../../../../scripts/guests/cache";

let parent: string;
let builds: number;
let log: string[];

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "bpfkit-cache-test-"));
  builds = 0;
  log = [];
});
afterEach(() => rm(parent, { recursive: true, force: true }));

const entry = (recipe: unknown = 1) => ({
  name: "thing",
  recipe,
  async build(folder: string) {
    builds++;
    await mkdir(join(folder, "sub"));
    await writeFile(join(folder, "sub", "file"), "content");
    await symlink("sub/file", join(folder, "link"));
  },
  log: (line: string) => void log.push(line),
});

test("it is built once", async () => {
  const folder = await cached(entry(), parent);
  expect(await cached(entry(), parent)).toBe(folder);
  expect(builds).toBe(1);
  expect(await readFile(join(folder, "sub", "file"), "utf8")).toBe("content");
});

test("another recipe is another entry", async () => {
  expect(await cached(entry(2), parent)).not.toBe(await cached(entry(1), parent));
});

test.each([
  [
    "a changed file",
    (folder: string) => writeFile(join(folder, "sub", "file"), "contenT"),
    '"sub/file" has changed',
  ],
  ["a lost file", (folder: string) => rm(join(folder, "sub", "file")), '"sub/file" is gone'],
  ["a new file", (folder: string) => writeFile(join(folder, "new"), ""), '"new" was added'],
  ["a lost link", (folder: string) => rm(join(folder, "link")), '"link" is gone'],
  [
    "half a manifest",
    (folder: string) => writeFile(join(folder, "manifest.json"), "{"),
    "manifest unreadable",
  ],
])("%s: built again", async (_name, damage, fault) => {
  const folder = await cached(entry(), parent);
  await damage(folder);
  expect(await faultOf(folder)).toBe(fault);
  expect(await cached(entry(), parent)).toBe(folder);
  expect([builds, await faultOf(folder), log.length]).toEqual([2, undefined, 1]);
});

test("a build that breaks leaves nothing behind", async () => {
  const breaking = {
    ...entry(),
    async build(folder: string) {
      await writeFile(join(folder, "half"), "");
      throw new Error("no network");
    },
  };
  await expect(cached(breaking, parent)).rejects.toThrow("no network");
  expect(await readdir(parent)).toEqual([]);
});

test("two at once end with one whole entry", async () => {
  const [one, two] = await Promise.all([cached(entry(), parent), cached(entry(), parent)]);
  expect(one).toBe(two);
  expect([await faultOf(one), (await readdir(parent)).length]).toEqual([undefined, 1]);
});

test("what a killed run left goes after a day", async () => {
  const old = join(parent, "other-1.incomplete-1-abcd");
  const young = join(parent, "other-1.incomplete-2-abcd");
  await mkdir(old);
  await mkdir(young);
  await utimes(old, 0, 0);
  const folder = await cached(entry(), parent);
  expect((await readdir(parent)).map((name) => join(parent, name)).sort()).toEqual([folder, young].sort());
});
