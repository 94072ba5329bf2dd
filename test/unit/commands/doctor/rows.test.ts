import type { Rights } from "../../../../src/bpf/capabilities";
import { containerSigns } from "../../../../src/commands/doctor/container";
import { kernelRows, parseLockdown } from "../../../../src/commands/doctor/kernel-rows";
import { mountRows } from "../../../../src/commands/doctor/mount-rows";
import { capabilityText, rightsRemedy, rightsRows } from "../../../../src/commands/doctor/rights-rows";
import type { DoctorRow } from "../../../../src/commands/doctor/row";
import { sysctlRows } from "../../../../src/commands/doctor/sysctl-rows";
import { fakeFiles } from "./fake-files";

const facts = { release: "6.1.0", arch: "x64", possibleCpus: 4, pidNamespace: undefined };
const sudo = (line: string) => `sudo ${line}`;
const user: Rights = {
  uid: 1000,
  capabilities: [],
  absent: ["CAP_BPF", "CAP_PERFMON"],
  userNamespace: false,
  seccomp: "none",
  noNewPrivileges: false,
};

function named(rows: readonly DoctorRow[], name: string): DoctorRow | undefined {
  return rows.find((row) => row.name === name);
}

describe("kernel", () => {
  test.each([
    ["[none] integrity confidentiality\n", "none"],
    ["none [integrity] confidentiality\n", "integrity"],
    ["nonsense", undefined],
  ])("lockdown %j", (text, mode) => expect(parseLockdown(text)).toBe(mode));

  test("what the files say", () => {
    const files = fakeFiles({
      "/sys/kernel/security/lockdown": "none integrity [confidentiality]\n",
      "/sys/kernel/security/lsm": "lockdown,capability,bpf",
    });
    const rows = kernelRows(files, facts);
    expect(named(rows, "release")).toMatchObject({ state: "info", detail: "6.1.0" });
    expect(named(rows, "security-modules")).toMatchObject({ detail: "lockdown,capability,bpf" });
    expect(named(rows, "lockdown")).toMatchObject({
      detail: "confidentiality: programs may not read kernel memory",
      remedy: expect.stringContaining("lockdown=confidentiality"),
    });
  });
  test.each([
    ["absent", {}, 'not known: no file in "/sys/kernel/security"'],
    ["not ours", { "/sys/kernel/security/lsm": null }, "/sys/kernel/security/lsm: not readable"],
  ])("files that are %s make a row that says so", (_name, texts, detail) =>
    expect(named(kernelRows(fakeFiles(texts), facts), "security-modules")).toMatchObject({
      state: "inconclusive",
      detail,
    }),
  );
  test("nothing is known of the kernel", () =>
    expect(named(kernelRows(fakeFiles({}), undefined), "release")).toMatchObject({ detail: "not known" }));
  test("a PID namespace", () => {
    const pidNamespace = { device: 4n, inode: 4026532000n };
    const rows = kernelRows(fakeFiles({}), { ...facts, pidNamespace });
    expect(named(rows, "pid-namespace")).toMatchObject({ detail: "a namespace (4026532000)" });
  });
});

const ID = "0123456789abcdef".repeat(4);
test.each([
  ["none", {}, []],
  ["docker's file", { "/.dockerenv": "" }, ['"/.dockerenv" exists']],
  ["a cgroup", { "/proc/self/cgroup": `0::/system.slice/docker-${ID}.scope\n` }, ["docker 0123456789ab"]],
  [
    "cgroups of version 1",
    { "/proc/self/cgroup": `3:cpu:/docker/${ID}\n2:pids:/docker/${ID}\n` },
    ["docker 0123456789ab"],
  ],
])("signs of a container: %s", (_name, texts, signs) =>
  expect(containerSigns(fakeFiles(texts as Record<string, string>))).toEqual(signs),
);

describe("rights", () => {
  test.each<[string, Rights, string[], string | undefined]>([
    ["nothing is missing", { ...user, uid: 0 }, [], undefined],
    [
      "a user",
      user,
      ["CAP_BPF"],
      'sudo bpfkit x\nsudo setcap cap_bpf+ep "$(readlink -f "$(command -v node)")"',
    ],
    [
      "root in a container",
      { ...user, uid: 0 },
      ["CAP_BPF", "CAP_PERFMON"],
      "start the container with them: docker run --cap-add BPF --cap-add PERFMON …",
    ],
    [
      "no_new_privs",
      { ...user, noNewPrivileges: true },
      ["CAP_BPF"],
      "in a session without no_new_privs: sudo bpfkit x",
    ],
    [
      "a user namespace",
      { ...user, uid: 0, userNamespace: true },
      [],
      "outside of this user namespace, as root: bpfkit x",
    ],
  ])("remedy for %s", (_name, rights, missing, remedy) =>
    expect(rightsRemedy(rights, missing, "x")).toBe(remedy),
  );

  test.each([
    ["none", [], ["CAP_BPF"], "none"],
    ["all", ["CAP_BPF"], [], "all 1"],
    ["nearly all", ["CAP_BPF"], ["CAP_SYS_RESOURCE"], "all but CAP_SYS_RESOURCE"],
    ["few", ["CAP_BPF"], ["A", "B", "C", "D", "E", "F"], "CAP_BPF"],
  ])("capabilities: %s", (_name, capabilities, absent, text) =>
    expect(capabilityText({ capabilities, absent })).toBe(text),
  );

  test("rows", () => {
    const limits = "Max locked memory         65536                unlimited            bytes\n";
    const rows = rightsRows(user, ["CAP_BPF"], limits);
    expect(named(rows, "bpf-capabilities")).toMatchObject({ state: "denied", detail: "without CAP_BPF" });
    expect(named(rows, "memlock")).toMatchObject({ detail: "65536 bytes, at most unlimited" });
    expect(named(rightsRows(user, [], ""), "memlock")).toMatchObject({ detail: "not known" });
  });
});

describe("mounts", () => {
  const MOUNTINFO =
    "35 23 0:29 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n41 35 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
  test("there and not there", () => {
    const rows = mountRows(MOUNTINFO, sudo);
    expect(named(rows, "cgroup2")).toMatchObject({ state: "available", detail: "/sys/fs/cgroup/unified" });
    expect(named(rows, "tracefs")).toMatchObject({
      state: "missing",
      remedy: "sudo mount -t tracefs tracefs /sys/kernel/tracing",
    });
  });
});

describe("sysctls", () => {
  test("values, meanings and what to set instead", () => {
    const rows = sysctlRows(
      fakeFiles({
        "/proc/sys/kernel/kptr_restrict": "2\n",
        "/proc/sys/net/core/bpf_jit_enable": "1\n",
        "/proc/sys/kernel/perf_event_paranoid": "7\n",
        "/proc/sys/kernel/unprivileged_bpf_disabled": null,
      }),
      sudo,
    );
    expect(named(rows, "kernel.kptr_restrict")).toMatchObject({
      detail: "2: no kernel symbols",
      remedy: "sudo sysctl -w kernel.kptr_restrict=1",
    });
    expect(named(rows, "net.core.bpf_jit_enable")).not.toHaveProperty("remedy");
    expect(named(rows, "kernel.perf_event_paranoid")).toMatchObject({ state: "info", detail: "7" });
    expect(named(rows, "kernel.unprivileged_bpf_disabled")).toMatchObject({ state: "inconclusive" });
    expect(named(rows, "kernel.bpf_stats_enabled")).toMatchObject({ state: "missing" });
  });
});
