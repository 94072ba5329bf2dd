import {
  filterOptions,
  parseCgroup,
  parseComm,
  parseContainer,
  parseCpus,
  parsePids,
  parseTids,
  parseUser,
} from "../../../src/commands/filter-options";
import type { Machine } from "../../../src/commands/machine";
import { NotSupportedError, UsageError } from "../../../src/core/errors";
import { CONTAINER, fakeMachine } from "./fake-machine";

/** What `parse` throws. */
function thrownBy(parse: () => unknown): UsageError {
  try {
    parse();
  } catch (error) {
    return error as UsageError;
  }
  throw new Error("nothing was thrown");
}

type Parse = (text: string, machine: Machine) => unknown;

describe("accepted", () => {
  test.each<[string, Parse, string, unknown]>([
    ["a pid", parsePids, "1", [1]],
    ["pids", parsePids, "100,1", [100, 1]],
    ["a thread", parseTids, "101", [101]],
    ["a user by name", parseUser, "ada", 1815],
    ["a user by number", parseUser, "1815", 1815],
    ["a number without a name", parseUser, "100000", 100000],
    ["a comm", parseComm, "nginx", { text: "nginx", prefix: false }],
    ["the beginning of a comm", parseComm, "kworker/*", { text: "kworker/", prefix: true }],
    ["15 bytes", parseComm, "123456789abcdé", { text: "123456789abcdé", prefix: false }],
    ["15 bytes and a star", parseComm, "123456789abcdef*", { text: "123456789abcdef", prefix: true }],
    ["processors", parseCpus, "0,2-3", [0, 2, 3]],
  ])("%s", (_name, parse, text, value) => expect(parse(text, fakeMachine)).toEqual(value));

  test("a cgroup", () =>
    expect(parseCgroup("system.slice/nginx.service", fakeMachine)).toMatchObject({
      id: 3n,
      path: "/system.slice/nginx.service",
    }));

  test.each([
    ["the whole id", CONTAINER],
    ["the beginning of the id", CONTAINER.slice(0, 5)],
  ])("a container by %s", (_name, text) =>
    expect(parseContainer(text, fakeMachine)).toMatchObject({
      id: 4n,
      container: { id: CONTAINER, runtime: "docker", path: `/docker/${CONTAINER}` },
    }),
  );

  test("a container whose name is the beginning of another one's", () =>
    expect(parseContainer("web", fakeMachine).container.id).toBe("web"));

  test("repeated lists join", () => expect(filterOptions.pid.collect([1, 2], [2, 3])).toEqual([1, 2, 3]));
});

describe("refused", () => {
  test.each<[string, Parse, string, string, string | undefined]>([
    ["no such process", parsePids, "1,123", "pid: no process 123", undefined],
    ["a thread as process", parsePids, "101", "pid: 101 is a thread of process 100", 'use "-t 101"'],
    ["words as pid", parsePids, "1,x", 'pid: "1,x" is not a list of numbers such as 12,345', undefined],
    ["an empty list", parsePids, "", 'pid: "" is not a list of numbers such as 12,345', undefined],
    ["pid 0", parsePids, "0", 'pid: "0" is not a list of numbers such as 12,345', undefined],
    ["no such thread", parseTids, "7", "tid: no thread 7", undefined],
    ["an unknown user", parseUser, "adda", 'uid: no user "adda"', 'did you mean "ada"?'],
    ["user -1", parseUser, "4294967295", "uid: 4294967295 is not below 4294967295", undefined],
    [
      "a long comm",
      parseComm,
      "123456789abcdefg",
      'comm: "123456789abcdefg" has 16 bytes, the kernel keeps 15',
      'use "123456789abcdef"',
    ],
    ["a star in between", parseComm, "a*b", 'comm: "a*b" has a "*" that is not at its end', undefined],
    ["only a star", parseComm, "*", 'comm: "*" names no command', undefined],
    [
      "no such cgroup",
      parseCgroup,
      "system.slice/ngnix.service",
      'cgroup: no cgroup "system.slice/ngnix.service"',
      'mounted at "/cg"\ndid you mean "/system.slice/nginx.service"?',
    ],
    [
      "no such container",
      parseContainer,
      "beef",
      'container: no cgroup of a container "beef"',
      "ab12ab12ab12 (docker), web (lxc)",
    ],
    [
      "an ambiguous container",
      parseContainer,
      "we",
      'container: "we" is the beginning of 2 ids',
      "web (lxc), web2 (lxc)",
    ],
    ["a processor too many", parseCpus, "0-4", "cpu: no processor 4, there are 0 to 3", undefined],
    ["a huge range", parseCpus, "0-4000000000", "cpu: no processor 4000000000, there are 0 to 3", undefined],
    ["no list", parseCpus, "a", 'cpu list: "a" is not like "0,2-3"', undefined],
  ])("%s", (_name, parse, text, message, hint) => {
    const error = thrownBy(() => parse(text, fakeMachine));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toBe(message);
    if (hint === undefined) expect(error.hint).toBeUndefined();
    else expect(error.hint).toContain(hint);
  });

  test.each<[string, Parse]>([
    ["a cgroup", parseCgroup],
    ["a container", parseContainer],
  ])("%s where cgroup v2 is not mounted", (_name, parse) => {
    const bare = { ...fakeMachine, cgroupMount: () => undefined };
    expect(thrownBy(() => parse("x", bare))).toBeInstanceOf(NotSupportedError);
  });
});

test("where the machine tells no processors, any that Linux could have will do", () => {
  const silent = { ...fakeMachine, possibleCpus: () => undefined };
  expect(parseCpus("8191", silent)).toEqual([8191]);
  expect(() => parseCpus("8192", silent)).toThrow("cpu: no processor 8192");
});
