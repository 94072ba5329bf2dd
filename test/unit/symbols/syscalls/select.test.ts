import { UsageError } from "../../../../src/core/errors";
import { type Abi, syscallName, syscallTable } from "../../../../src/symbols/syscalls";
import { groupMembers } from "../../../../src/symbols/syscalls/groups";
import { selectSyscalls } from "../../../../src/symbols/syscalls/select";

/** The display names of what is chosen, or of what is left out, ABI by ABI. */
function listed(list: string, native: Abi, abis: readonly Abi[]): string {
  return abis
    .flatMap((abi) => {
      const { except, numbers } = selectSyscalls(list, native).of(abi);
      return numbers.map((number) => (except ? "!" : "") + syscallName(abi, number));
    })
    .join(" ");
}

const x86: readonly Abi[] = ["x86-64", "i386", "x32"];

describe("what is chosen on x86-64", () => {
  test.each([
    ["a name, in every ABI", "openat", "openat ia32:openat x32:openat"],
    ["a name only one has", "waitpid", "ia32:waitpid"],
    ["names with blanks around", " read , write ", "read write ia32:read ia32:write x32:read x32:write"],
    ["a number, native only", "257", "openat"],
    ["a number with its mark", "#0", "read"],
    ["a number outside the table", "#600", "#600"],
    ["a name in one ABI", "ia32:open,x32:ioctl", "ia32:open x32:ioctl"],
    ["a number in one ABI", "ia32:#5", "ia32:open"],
    ["an expression", "/^dup[23]/", "dup2 dup3 ia32:dup2 ia32:dup3 x32:dup2 x32:dup3"],
    ["an expression left open, as in strace", "x32:/^getpid", "x32:getpid"],
    ["an expression with a comma", "ia32:/^p.{3,4}2$/", "ia32:pipe2"],
    ["less what is excluded", "/^pipe/,!pipe2", "pipe ia32:pipe x32:pipe"],
    ["in any order", "!pipe2,/^pipe/", "pipe ia32:pipe x32:pipe"],
    ["only exclusions", "!futex", "!futex !ia32:futex !x32:futex"],
    ["excluded in one ABI", "!ia32:futex", "!ia32:futex"],
    ["an excluded number", "!#202", "!futex"],
  ])("%s", (_name, list, expected) => expect(listed(list, "x86-64", x86)).toBe(expected));
});

test("a group, less another", () => {
  const chosen = selectSyscalls("%file,!%desc", "arm64").of("arm64");
  const desc = new Set(groupMembers("desc", "arm64"));
  const expected = groupMembers("file", "arm64").filter((name) => !desc.has(name));
  expect(expected).toContain("chdir");
  expect(chosen.numbers.map((number) => syscallTable("arm64")[number]).sort()).toEqual(expected.sort());
});

test("includes agrees with the numbers, also outside the table", () => {
  const only = selectSyscalls("read,ia32:open", "x86-64");
  expect([only.of("x86-64").includes(0), only.of("x86-64").includes(1)]).toEqual([true, false]);
  expect([only.of("i386").includes(5), only.of("i386").includes(600)]).toEqual([true, false]);
  expect(only.of("x32").includes(0)).toBe(true);
  const except = selectSyscalls("!read", "x86-64").of("x86-64");
  expect([except.includes(0), except.includes(1), except.includes(600)]).toEqual([false, true, true]);
});

test("arm32 has no names: its calls go by number", () => {
  expect(listed("arm32:#5,read", "arm64", ["arm64", "arm32"])).toBe("read arm32:#5");
  expect(selectSyscalls("!read", "arm64").of("arm32")).toMatchObject({ except: true, numbers: [] });
});

describe("what is not understood", () => {
  test.each<[string, Abi, string, string | undefined]>([
    ["opnat", "x86-64", 'system calls: unknown name "opnat"', 'did you mean "openat"?'],
    ["open", "arm64", 'system calls: unknown name "open"', 'did you mean "openat"?'],
    ["read,!futx", "x86-64", 'system calls: unknown name "futx"', 'did you mean "futex"?'],
    ["ia32:opne", "x86-64", 'system calls: unknown name "ia32:opne"', 'did you mean "open"?'],
    ["ia32:open", "arm64", 'system calls: "ia32:open": this architecture has no "ia32:"', "it has arm32:"],
    ["%fiel", "x86-64", 'system calls: unknown group "%fiel"', 'did you mean "%file"?'],
    [
      "%zzz",
      "x86-64",
      'system calls: unknown group "%zzz"',
      "groups are %file, %desc, %network, %process, %signal, %memory, %ipc, %creds, %clock",
    ],
    ["/zzz/", "x86-64", 'system calls: no name matches "/zzz/"', undefined],
    [
      "/^zzz,read",
      "x86-64",
      'system calls: no name matches "/^zzz,read"',
      'end the expression with "/" if more items follow',
    ],
    ["", "x86-64", 'system calls: "" has an empty item', undefined],
    ["read,", "x86-64", 'system calls: "read," has an empty item', undefined],
    ["!", "x86-64", 'system calls: "!" has an empty item', undefined],
    ["read,!read", "x86-64", 'system calls: "read,!read" excludes all it selects', undefined],
    ["-1", "x86-64", 'system calls: unknown name "-1"', undefined],
    ["constructor", "x86-64", 'system calls: unknown name "constructor"', undefined],
  ])("%s on %s", (list, native, message, hint) => {
    let thrown: unknown;
    try {
      selectSyscalls(list, native);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(UsageError);
    expect(thrown).toMatchObject({ message, hint });
  });

  test("a broken expression says what is wrong with it", () =>
    expect(() => selectSyscalls("/(/", "x86-64")).toThrow(
      /^system calls: "\/\(\/": .*[Uu]nterminated group/,
    ));
});
