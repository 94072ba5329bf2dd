import { constants } from "node:os";
import { errno, errnoName, errnoNumber } from "../../../src/core/errno";

describe("errnoName", () => {
  test.each([
    [1, "EPERM"],
    [11, "EAGAIN"],
    [35, "EDEADLK"],
    [95, "EOPNOTSUPP"],
    [133, "EHWPOISON"],
    [512, "ERESTARTSYS"],
    [516, "ERESTART_RESTARTBLOCK"],
    [524, "ENOTSUPP"],
    [0, "errno 0"],
    [999, "errno 999"],
  ])("%i is %s", (number, name) => expect(errnoName(number)).toBe(name));
});

describe("errnoNumber", () => {
  test.each([
    ["ENOENT", 2],
    ["enoent", 2],
    ["EWOULDBLOCK", 11],
    [" ENOTSUPP ", 524],
    ["13", 13],
    ["ENONSENSE", undefined],
    ["toString", undefined],
    ["-2", undefined],
    ["", undefined],
  ])('"%s" is %s', (name, number) => expect(errnoNumber(name)).toBe(number));
});

test("agrees with the constants of the C library Node was built with", () => {
  const known = Object.entries(constants.errno).filter(([name]) => name !== "ENOTSUP");
  expect(known.length).toBeGreaterThan(70);
  for (const [name, number] of known)
    expect([name, errno[name as keyof typeof errno]]).toEqual([name, number]);
});
