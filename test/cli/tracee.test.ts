import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fake, fakeStarted } from "./spawned";

test.each([
  ["its status", ["sh", "-c", "exit 0"], 0],
  ["its failure", ["sh", "-c", "exit 9"], 9],
  ["the signal that ended it", ["sh", "-c", "kill -9 $$"], 137],
])("the program's end ends the run: %s", async (_name, program, code) =>
  expect(await fake("count", "--csv", "--", ...program)).toMatchObject({ code, stdout: "count\r\n1\r\n" }),
);

test("it has bpfkit's streams and gets its arguments as they are", async () => {
  const { stdout, stderr } = await fake(
    "count",
    "-q",
    "--csv",
    "--",
    "sh",
    "-c",
    'echo "$0|$1"; echo e >&2',
    "a b",
    "--help",
  );
  expect(stdout).toBe("a b|--help\ncount\r\n1\r\n");
  expect(stderr).toBe("e\n");
});

test("a status is passed on rather than a loss, a loss rather than success", async () => {
  const lossy = ["count", "--fail-on-loss", "--lost", "3", "--"];
  expect((await fake(...lossy, "sh", "-c", "exit 9")).code).toBe(9);
  expect((await fake(...lossy, "true")).code).toBe(3);
});

test("when the time is over first, the program is ended too, and that is no failure", async () => {
  const { code, stdout } = await fake("count", "--csv", "-d", "200ms", "--", "sleep", "60");
  expect({ code, stdout }).toEqual({ code: 0, stdout: "count\r\n1\r\n" });
});

test("a program that cannot be started ends the run with 1", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tracee-"));
  const script = join(folder, "script");
  writeFileSync(script, "#!/no/such/interpreter\n", { mode: 0o755 });
  const { code, stderr } = await fake("count", "-q", "--", script);
  rmSync(folder, { recursive: true });
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: `bpfkit: start "${script}": ENOENT\nhint: the interpreter named in its first line is missing\n`,
  });
});

test.each([
  ["SIGTERM", 7],
  ["SIGINT", 8],
] as const)("%s to bpfkit alone is passed on, and the run ends with the program", async (signal, code) => {
  const traps = 'trap "exit 7" TERM; trap "exit 8" INT; echo up; while :; do sleep 0.05; done';
  const { child, ended, shows } = fakeStarted("count", "--csv", "--", "sh", "-c", traps);
  await shows("up");
  child.kill(signal);
  expect(await ended).toMatchObject({ code, stdout: "up\ncount\r\n1\r\n" });
});
