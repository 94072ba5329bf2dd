import { plainReach } from "../../../../src/commands/trace-fn/reach";
import { resolve, type Wishes } from "../../../../src/commands/trace-fn/resolve";
import type { Surroundings } from "../../../../src/commands/trace-fn/surroundings";
import { Kallsyms } from "../../../../src/symbols/kallsyms";
import { madeUpFacts } from "../syscall-top/made-up-facts";

const KALLSYMS = [
  "ffffffff81000000 T vfs_read",
  "ffffffff81000100 T vfs_write",
  "ffffffff81000200 t __pfx_vfs_write",
  "ffffffff81000300 t vfs_hidden",
  "ffffffff81000400 D vfs_data",
  "ffffffffc0000000 t nft_do_chain\t[nf_tables]",
].join("\n");

const FORMAT =
  "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\tfield:int nr;\toffset:8;\tsize:4;\tsigned:1;\n";

const FILES: Readonly<Record<string, string>> = {
  available_filter_functions: "vfs_read\nvfs_write\nnft_do_chain [nf_tables]\n",
  "events/sched/sched_switch/format": FORMAT,
  "events/sched/sched_waking/format": FORMAT,
  "events/irq/sched_alike/format": FORMAT,
};

const around: Surroundings = {
  abi: "x86-64",
  facts: madeUpFacts({ btf: false }),
  isModule: (name) => name === "nf_tables",
  reach: plainReach(undefined),
  kallsyms: () => new Kallsyms(Buffer.from(`${KALLSYMS}\n`)),
  tracefs: "/t",
  listTracefs: (folder) => [
    ...new Set(
      Object.keys(FILES).flatMap((path) =>
        path.startsWith(`${folder}/`) ? [path.slice(folder.length + 1).split("/")[0] ?? ""] : [],
      ),
    ),
  ],
  readTracefs: (path) => FILES[path],
};

const plain: Wishes = {
  args: undefined,
  conditions: [],
  pid: undefined,
  program: undefined,
  listing: false,
  paired: false,
  nested: false,
};
const found = (...targets: string[]) => resolve(targets, around, plain);
const names = (...targets: string[]) => found(...targets).names.map(({ name }) => name);

test("system calls come by their numbers, each once", () =>
  expect(names("s:write", "s:read", "s:/^(read|close)$/")).toEqual(["read", "write", "close"]));

test("kinds are numbered one after the other", () => {
  const { sites } = found("vfs_read", "t:sched:sched_switch", "s:read", "s:write");
  expect(sites.syscalls.map(({ site }) => site)).toEqual([0, 1]);
  expect(sites.tracepoints.map(({ site }) => site)).toEqual([2]);
  expect(sites.functions.map(({ site }) => site)).toEqual([3]);
});

test("a pattern leaves out functions that cannot be traced, and says which", () => {
  const { names: kept, skipped } = found("vfs_*");
  expect(kept.map(({ name }) => name)).toEqual(["vfs_read", "vfs_write"]);
  expect(skipped).toEqual([{ name: "vfs_hidden", reason: "is not among available_filter_functions" }]);
});

test("a function by its name is tried all the same", () =>
  expect(names("vfs_hidden")).toEqual(["vfs_hidden"]));

test("data and padding are no functions", () => {
  expect(() => found("vfs_data")).toThrow("matches no function of the kernel");
  expect(() => found("__pfx_vfs_write")).toThrow("matches no function of the kernel");
});

test("a function of a module", () => {
  expect(names("nf_tables:nft_do_*")).toEqual(["nft_do_chain"]);
  expect(() => found("nf_tables:vfs_read")).toThrow('matches no function of module "nf_tables"');
});

test("an offset is part of the name, and has no return", () => {
  const { names: kept, sites } = found("vfs_read+0x12");
  expect(kept).toMatchObject([{ name: "vfs_read+18", timed: false }]);
  expect(sites.functions[0]).toMatchObject({
    ways: [{ entry: { name: "vfs_read", offset: 18 }, return: undefined }],
  });
});

test("tracepoints by category and name", () => {
  expect(names("t:sched:*")).toEqual(["sched:sched_switch", "sched:sched_waking"]);
  expect(names("t:*:sched_a*")).toEqual(["irq:sched_alike"]);
  expect(found("t:sched:sched_switch").names[0]?.params).toMatchObject([{ name: "nr" }]);
});

test.each([
  ["s:raed", 'did you mean "read"?'],
  ["vfs_raed", 'did you mean "vfs_read"?'],
  ["t:sched:sched_swich", 'did you mean "sched_switch"?'],
])("%s is not there, but something like it", (target, hint) =>
  expect(() => found(target)).toThrow(expect.objectContaining({ hint: expect.stringContaining(hint) })),
);

test("the return of a system call makes all wait for theirs, and shows no arguments", () => {
  expect(found("r:s:read")).toMatchObject({ waits: true, names: [{ name: "read", params: [] }] });
  expect(found("s:read").waits).toBe(false);
});

test("a pattern that matches very many functions is refused, and can be listed", () => {
  const lines = Array.from(
    { length: 2001 },
    (_, i) => `${(0xffffffff81000000n + BigInt(i)).toString(16)} T many_${i}\n`,
  );
  const crowded = {
    ...around,
    tracefs: undefined,
    kallsyms: () => new Kallsyms(Buffer.from(lines.join(""))),
  };
  expect(() => resolve(["many_*"], crowded, plain)).toThrow("2001 functions match, at most 2000");
  expect(resolve(["many_*"], crowded, { ...plain, listing: true }).names).toHaveLength(2001);
});

test("without a target nothing is traced", () => expect(() => found()).toThrow("target: none given"));
