/** stack-profile with --from and --diff: files in, files out, without rights. */
import { execFile } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Profile } from "pprof-format";
import { BUILT, bpfkit } from "./built-bpfkit";
import { asNobody, nobodyTest } from "./nobody";

const folder = mkdtempSync(join(tmpdir(), "bpfkit-profile-"));
// Another user writes there, too.
chmodSync(folder, 0o777);
const file = (name: string) => join(folder, name);
const read = (name: string) => readFileSync(file(name), "utf8");
writeFileSync(file("before.folded"), "sh;main;load;parse 10\nsh;main;load;vfs_read_[k] 30\n");
writeFileSync(file("after.folded"), "sh;main;load;parse 51\nsh;main;load;vfs_read_[k] 18\n");
afterAll(() => rmSync(folder, { recursive: true }));

const profile = (...args: string[]) => bpfkit("stack-profile", ...args);
const from = (...args: string[]) => profile("--from", file("after.folded"), ...args);
const quietly = { code: 0, signal: null, stdout: "", stderr: "" };

nobodyTest("a file's ending is the format, and no rights are needed", () => {
  const made = asNobody(["stack-profile", "--from", file("after.folded"), "-o", file("a.svg")]);
  expect(made).toMatchObject({ status: 0, stdout: "", stderr: "" });
  expect(read("a.svg")).toMatch(/^<\?xml [\s\S]*<title>after\.folded<\/title>[\s\S]*<\/svg>\n$/);
});

test("from one format to the next nothing is lost that the formats have in common", async () => {
  expect(await from("-o", file("a.json"))).toEqual(quietly);
  const again = await profile("--from", file("a.json"), "-f", "folded", "--annotate");
  expect(again).toMatchObject({ code: 0, stdout: read("after.folded") });
});

test("pprof is bytes, in a file and in a pipe", async () => {
  expect(await from("-o", file("a.pb.gz"))).toEqual(quietly);
  const message = Profile.decode(gunzipSync(readFileSync(file("a.pb.gz"))));
  expect(message.sample.map(({ value }) => value.map(Number))).toEqual([[51], [18]]);
  const piped = await new Promise<Buffer>((resolve, reject) => {
    const args = [BUILT, "stack-profile", "--from", file("after.folded"), "-f", "pprof"];
    execFile(process.execPath, args, { encoding: "buffer" }, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    );
  });
  expect(piped.equals(readFileSync(file("a.pb.gz")))).toBe(true);
});

test("a comparison, as folded stacks and as a picture", async () => {
  const diff = ["--diff", file("before.folded")];
  expect(await from(...diff, "-f", "folded")).toEqual({
    ...quietly,
    stdout: "sh;main;load;parse 10 51\nsh;main;load;vfs_read 30 18\n",
  });
  expect(await from(...diff, "-o", file("d.html"))).toEqual(quietly);
  expect(read("d.html")).toContain("73.9 %, 51 samples, before 25.0 % (+48.9)");
});

test("a table and a tree of a file", async () => {
  const table = await from("-n", "1");
  expect(table.stdout).toContain("parse");
  const tree = await from("--tree");
  expect(tree.stdout).toContain("  73.9   73.9  ├─ parse\n  26.1   26.1  └─ vfs_read\n");
});

test.each([
  ["a file that is not there", ["--from", "/no/such/file"], 'from: cannot read "/no/such/file": ENOENT'],
  ["a file that is no profile", ["--from", BUILT], `read "${BUILT}": line 1 does not end in a number`],
  [
    "a format without room for two",
    ["--from", file("after.folded"), "--diff", file("before.folded"), "-f", "pprof"],
    'diff: format "pprof" has no place for a second profile',
  ],
  [
    "a picture for each interval",
    ["--from", file("after.folded"), "-i", "1", "-f", "svg"],
    'interval: format "svg" has place for one profile',
  ],
])("%s is refused, and no file is left", async (_what, args, message) => {
  const { code, stderr } = await profile(
    ...args,
    ...(args.includes("-f") ? [] : ["-f", "svg"]),
    "-o",
    file("none"),
  );
  expect({ code, message: stderr.split("\n")[0] }).toEqual({ code: 2, message: `bpfkit: ${message}` });
  expect([existsSync(file("none")), readdirSync(folder).filter((name) => name.includes(".tmp"))]).toEqual([
    false,
    [],
  ]);
});
