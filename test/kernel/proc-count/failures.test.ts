import { kernelTest } from "../kernel-test";
import { counted, rowOf } from "./counted";
import { program } from "./programs";

const NEEDS = ["btf-raw-tracepoint", "program:gcc"];

kernelTest(NEEDS, "-x records each failed attempt with its error and path", async ({ kernel }) => {
  const command = [program("vforker"), "7", "/bin/true"];
  const { printed } = await counted(kernel, ["--events", "-x"], command, "ndjson");
  const lines = printed
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const [exec, ...others] = lines;
  const failed = others.filter(({ event }) => event === "failed");
  const of = (errno: string) => failed.filter((line) => line["errno"] === errno);
  expect(of("ENOENT").map(({ path }) => path)).toEqual(Array.from({ length: 7 }, () => "/does/not/exist"));
  const source = `${program("vforker")}.c`;
  expect(of("EACCES").map(({ path }) => path)).toEqual(Array.from({ length: 7 }, () => source));
  expect(failed).toHaveLength(14);
  expect(lines.filter(({ event }) => event === "exec")).toHaveLength(8);
  for (const line of failed)
    expect(line).toMatchObject({
      comm: "vforker",
      ppid: exec?.["pid"],
      parent: "vforker",
      uid: process.getuid?.(),
      container: exec?.["container"],
    });
});

kernelTest(NEEDS, "-x by itself counts them", async ({ kernel }) => {
  const { rows, totals } = await counted(kernel, ["-x"], [program("vforker"), "23", "/bin/true"]);
  expect(rowOf(rows, "path", "/does/not/exist")).toMatchObject({
    count: 23,
    errno: "ENOENT",
    comm: "vforker",
  });
  expect(rowOf(rows, "path", `${program("vforker")}.c`)).toMatchObject({ count: 23, errno: "EACCES" });
  expect(totals["count"]).toBe(46);
});

const attempts = (comm: string) => [
  { comm, errno: "ENOENT", path: "/does/not/exist", count: 11 },
  { comm, errno: "ENOENT", path: "/nor/does/this", count: 5 },
  { comm, errno: "EFAULT", path: "", count: 3 },
];

kernelTest(NEEDS, "execveat, and paths that cannot be read", async ({ kernel }) => {
  const { rows } = await counted(kernel, ["-x"], [program("failer")]);
  expect(rows).toEqual(attempts("failer"));
});

kernelTest([...NEEDS, "x86-64"], "32-bit programs", async ({ kernel }) => {
  const { rows } = await counted(kernel, ["-x"], [program("failer32")]);
  expect(rows).toEqual(attempts("failer32"));
});

kernelTest(NEEDS, "-x counts what --max-entries has no room for", async ({ kernel }) => {
  const command = [program("vforker"), "7", "/bin/true"];
  const { rows, lost, outcome } = await counted(kernel, ["-x", "--max-entries", "1"], command);
  expect(rows).toMatchObject([{ path: "/does/not/exist", count: 7 }]);
  expect(lost).toEqual({ ringFull: 0, missedRuns: 0, mapFull: 7 });
  expect(outcome).toEqual({ lost: 7 });
});
