import { type MappingEvent, MappingHistory } from "../../../src/symbols/mapping-history";

function historyOf(...events: MappingEvent[]): { history: MappingHistory; queue: MappingEvent[] } {
  const queue = [...events];
  const source = { drain: () => queue.splice(0), filled: 0.25, lost: 7, [Symbol.dispose]() {} };
  return { history: new MappingHistory(source), queue };
}

const map = (pid: number, start: number, name = `/lib/${start}`, end = start + 10) => ({
  ...{ kind: "map" as const, pid, start, end, offset: 0, device: "08:01", inode: 7n, name },
});
const fork = (pid: number, parent: number): MappingEvent => ({ kind: "fork", pid, parent });
const exec = (pid: number): MappingEvent => ({ kind: "exec", pid });

const paths = (history: MappingHistory, pid: number) =>
  history.mapsOf(pid)?.mappings.map(({ start, end, path }) => [start, end, path]);

test("a process has what it maps, by rising address", () => {
  const { history } = historyOf(map(1, 20), map(1, 0), map(2, 40));
  expect(paths(history, 1)).toEqual([
    [0, 10, "/lib/0"],
    [20, 30, "/lib/20"],
  ]);
  expect(history.mapsOf(3)).toBeUndefined();
});

test("a child has what its parent had, and keeps it when either changes", () => {
  const { history } = historyOf(map(1, 0), fork(2, 1), map(1, 20), map(2, 40), fork(3, 2), exec(3));
  expect(paths(history, 1)).toEqual([
    [0, 10, "/lib/0"],
    [20, 30, "/lib/20"],
  ]);
  expect(paths(history, 2)).toEqual([
    [0, 10, "/lib/0"],
    [40, 50, "/lib/40"],
  ]);
  expect(history.mapsOf(3)).toBeUndefined();
});

test("another program has none of it, and what is mapped over something takes its place", () => {
  const { history } = historyOf(map(1, 0), exec(1), map(1, 20), map(1, 25, "/new"));
  expect(paths(history, 1)).toEqual([[25, 35, "/new"]]);
});

test("a file that was deleted, memory without a file, and the vdso are told apart", () => {
  const { history } = historyOf(
    map(1, 0, "/x (deleted)"),
    { ...map(1, 20, "//anon"), inode: 0n },
    map(1, 40, "[vdso]"),
  );
  expect(history.mapsOf(1)?.mappings.map(({ kind, path, deleted }) => [kind, path, deleted])).toEqual([
    ["file", "/x", true],
    ["anonymous", "//anon", false],
    ["vdso", "[vdso]", false],
  ]);
});

test("the maps are the same object until something happens", () => {
  const { history, queue } = historyOf(map(1, 0));
  const before = history.mapsOf(1);
  queue.push(map(2, 0));
  expect(history.mapsOf(1)).toBe(before);
  queue.push(map(1, 20));
  expect(history.mapsOf(1)).not.toBe(before);
});

test("the processes that came last are remembered, and the mappings", () => {
  const many = Array.from({ length: 9000 }, (_, i) => map(i + 1, 0));
  const { history } = historyOf(...many, ...Array.from({ length: 1100 }, (_, i) => map(9001, 20 * i)));
  expect(history.mapsOf(700)).toBeUndefined();
  expect(history.mapsOf(9000)).toBeDefined();
  const kept = history.mapsOf(9001)?.mappings ?? [];
  expect([kept.length, kept.at(-1)?.start]).toEqual([1024, 20 * 1099]);
});

test("how full the source is, and what it has lost", () => {
  expect(historyOf().history).toMatchObject({ filled: 0.25, lost: 7 });
});

test("who has mapped code is told once", () => {
  const { history, queue } = historyOf(map(1, 0), fork(2, 1), map(3, 20), map(1, 40), exec(4));
  history.catchUp();
  expect(history.takeMapped()).toEqual([1, 3]);
  queue.push(map(3, 60));
  history.catchUp();
  expect(history.takeMapped()).toEqual([3]);
  expect(history.takeMapped()).toEqual([]);
});
