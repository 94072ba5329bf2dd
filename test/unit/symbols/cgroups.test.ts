import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cgroupMount, cgroupPaths, findCgroup, parseCgroupMounts } from "../../../src/symbols/cgroups";

describe("parseCgroupMounts", () => {
  test.each([
    ["a pure v2 machine", "35 24 0:30 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw", ["/sys/fs/cgroup"]],
    [
      "v1 and v2 mixed",
      "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 none rw",
      ["/sys/fs/cgroup/unified"],
    ],
    ["optional fields", "35 24 0:30 / /cg rw shared:9 master:1 - cgroup2 cgroup2 rw", ["/cg"]],
    ["a blank in the path", "35 24 0:30 / /my\\040cgroups\\134x rw - cgroup2 cgroup2 rw", ["/my cgroups\\x"]],
    ["none", "22 27 0:21 / /proc rw,relatime - proc proc rw\n", []],
  ])("%s", (_name, mountinfo, mounts) => expect(parseCgroupMounts(mountinfo)).toEqual(mounts));

  test("no mountinfo, no mount", () => expect(cgroupMount("/nonexistent/mountinfo")).toBeUndefined());
});

describe("a tree", () => {
  let mount: string;
  beforeAll(() => {
    mount = mkdtempSync(join(tmpdir(), "cgroups-"));
    mkdirSync(join(mount, "system.slice/a.service"), { recursive: true });
    mkdirSync(join(mount, "user.slice"));
    writeFileSync(join(mount, "cgroup.procs"), "");
  });
  afterAll(() => rmSync(mount, { recursive: true }));
  const inode = (path: string) => statSync(join(mount, path), { bigint: true }).ino;

  test("cgroupPaths finds every directory by its inode, and no file", () => {
    const expected = ["/", "/system.slice", "/system.slice/a.service", "/user.slice"];
    const paths = cgroupPaths(mount);
    expect([...paths.values()].sort()).toEqual(expected);
    for (const path of expected) expect(paths.get(inode(path))).toBe(path);
  });

  test.each([
    ["from the mount on", () => "system.slice/a.service"],
    ["as /proc/PID/cgroup shows it", () => "/system.slice/a.service"],
    ["absolutely", () => join(mount, "system.slice/a.service")],
    ["with a slash at the end and detours", () => join(mount, "user.slice/../system.slice/a.service/")],
  ])("findCgroup finds it %s", (_name, path) =>
    expect(findCgroup(path(), mount)).toEqual({
      id: inode("system.slice/a.service"),
      path: "/system.slice/a.service",
      directory: join(mount, "system.slice/a.service"),
      // The test's root is no cgroup root, so that the depth is unknown, as in a cgroup namespace.
      level: undefined,
    }),
  );

  test.each([
    ["the mount", () => mount],
    ["a slash", () => "/"],
  ])("%s is the root", (_name, path) => expect(findCgroup(path(), mount)?.path).toBe("/"));

  test.each([
    ["nothing", () => "nix"],
    ["a file", () => "cgroup.procs"],
    ["a directory elsewhere", () => tmpdir()],
    ["a way out", () => "../"],
  ])("findCgroup does not find %s", (_name, path) => expect(findCgroup(path(), mount)).toBeUndefined());
});

test("the real tree, where there is one: the root has its id and its level", () => {
  const mount = cgroupMount();
  const root = mount === undefined ? undefined : findCgroup("/", mount);
  expect(root?.directory).toBe(mount);
  // In a cgroup namespace the root is another one, and then the level is not known.
  expect(root?.level).toBe(root?.id === 1n ? 0 : undefined);
  expect(cgroupPaths(mount).get(root?.id ?? 0n)).toBe(root?.path);
});
