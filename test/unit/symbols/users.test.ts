import { parseUsers, readUsers } from "../../../src/symbols/users";

const PASSWD = `root:x:0:0:root:/root:/bin/bash
toor:x:0:0:also root:/root:/bin/sh
broken line
half:x:
ada:x:1815:1815:Ada:/home/ada:/bin/sh
ada:x:9:9:again:/:/bin/false
`;

describe("parseUsers", () => {
  const users = parseUsers(PASSWD);
  test.each([
    ["root", 0],
    ["toor", 0],
    ["ada", 1815],
    ["half", undefined],
    ["nobody here", undefined],
    ["", undefined],
  ])("the number of %j", (name, id) => expect(users.idOf(name)).toBe(id));
  test.each([
    [0, "root"],
    [1815, "ada"],
    [9, "ada"],
    [7, undefined],
  ])("the name of %j", (id, name) => expect(users.nameOf(id)).toBe(name));
  test("names are in the order of the file", () => expect(users.names).toEqual(["root", "toor", "ada"]));
});

test("a machine without the file has no users", () =>
  expect(readUsers("/nonexistent/passwd").names).toEqual([]));
