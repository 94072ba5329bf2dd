import { lacking, missingCapabilities, parseRights, setcapLine } from "../../../../src/bpf/capabilities";

const INITIAL = "         0          0 4294967295\n";

function status(effective: string, more = ""): string {
  return `Name:\tnode\nUid:\t1000\t1001\t1000\t1000\nCapEff:\t${effective}\n${more}`;
}

test("rights of a process", () => {
  const rights = parseRights(status("000000c000000000", "NoNewPrivs:\t1\nSeccomp:\t2\n"), INITIAL);
  expect(rights).toMatchObject({
    uid: 1001,
    capabilities: ["CAP_PERFMON", "CAP_BPF"],
    userNamespace: false,
    seccomp: "filter",
    noNewPrivileges: true,
  });
  expect(rights.absent).toHaveLength(39);
});

test("all but one", () => {
  const { absent } = parseRights(status("000001fffeffffff"), INITIAL);
  expect(absent).toEqual(["CAP_SYS_RESOURCE"]);
});

test.each([
  ["the machine's own ids", INITIAL, false],
  ["a mapped root", "         0       1000          1\n", true],
  ["a kernel without user namespaces", "", false],
])("%s", (_name, map, userNamespace) =>
  expect(parseRights(status("0"), map).userNamespace).toBe(userNamespace),
);

test.each([
  ["none", [], ["CAP_BPF", "CAP_PERFMON"]],
  ["one", ["CAP_BPF"], ["CAP_PERFMON"]],
  ["both", ["CAP_BPF", "CAP_PERFMON"], []],
  ["CAP_SYS_ADMIN stands for them", ["CAP_SYS_ADMIN"], []],
])("lacking: %s", (_name, capabilities, missing) =>
  expect(lacking({ capabilities }, ["CAP_BPF", "CAP_PERFMON"])).toEqual(missing),
);

test("CAP_SYS_ADMIN does not stand for capabilities that were never part of it", () =>
  expect(lacking({ capabilities: ["CAP_SYS_ADMIN"] }, ["CAP_SYSLOG"])).toEqual(["CAP_SYSLOG"]));

test("a damaged status means no rights", () =>
  expect(missingCapabilities("Name:\tnode\n")).toEqual(["CAP_PERFMON", "CAP_BPF"]));

test("the line that grants them", () =>
  expect(setcapLine(["CAP_PERFMON", "CAP_BPF"])).toMatch(/^sudo setcap cap_bpf,cap_perfmon\+ep /));
