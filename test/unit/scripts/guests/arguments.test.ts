import { parseRunArguments, parseTestArguments } from "../../../../scripts/guests/arguments";
import { kernels } from "../../../../scripts/guests/kernels";

describe("npm run test:guests", () => {
  const parse = (...args: string[]) => {
    const parsed = parseTestArguments(args);
    return { ...parsed, kernels: parsed.kernels.map((kernel) => kernel.name) };
  };
  const all = kernels.map((kernel) => kernel.name);

  test.each([
    ["nothing", [], all, []],
    ["kernels", ["6.1", "6.1-arm64"], ["6.1", "6.1-arm64"], []],
    ["a kernel twice", ["6.1", "6.1"], ["6.1"], []],
    ["a filter", ["--", "maps"], all, ["maps"]],
    ["both", ["5.10", "--", "maps", "-t", "exact -- counts"], ["5.10"], ["maps", "-t", "exact -- counts"]],
    ["an empty filter", ["6.12", "--"], ["6.12"], []],
    ["a second --", ["6.12", "--", "maps", "--", "x"], ["6.12"], ["maps", "--", "x"]],
  ])("%s", (_name, args, names, filter) => {
    expect(parse(...args)).toMatchObject({ kernels: names, filter, jobs: 2, memoryMiB: 2048 });
  });

  test("options before the --", () => {
    expect(parse("--jobs", "1", "6.1", "--timeout", "60", "--memory", "1024", "-v")).toMatchObject({
      kernels: ["6.1"],
      jobs: 1,
      timeoutSeconds: 60,
      memoryMiB: 1024,
      verbose: true,
    });
  });

  test.each([
    ["an unknown kernel", ["6.2"], 'kernel "6.2": not one of 5.10, 6.1, 6.12, 6.1-arm64'],
    ["an unknown option", ["--fast"], 'option "--fast": unknown'],
    ["a number that is none", ["--jobs", "two"], 'option "--jobs": "two" is not a whole number above 0'],
    ["zero", ["--jobs", "0"], 'option "--jobs": "0" is not a whole number above 0'],
    ["a missing number", ["--timeout"], 'option "--timeout": "" is not a whole number above 0'],
  ])("%s is refused", (_name, args, message) => {
    expect(() => parse(...args)).toThrow(message);
  });
});

describe("npm run guest", () => {
  test.each([
    ["a shell", ["6.1"], []],
    ["a command", ["6.1", "--", "ls", "-l"], ["ls", "-l"]],
    ["a command with a -- of its own", ["6.1", "--", "npx", "x", "--", "y"], ["npx", "x", "--", "y"]],
  ])("%s", (_name, args, command) => {
    const parsed = parseRunArguments(args);
    expect([parsed.kernel.name, parsed.command]).toEqual(["6.1", command]);
  });

  test.each([
    ["no kernel", [], "kernel missing: one of 5.10, 6.1, 6.12, 6.1-arm64"],
    ["only a command", ["--", "ls"], "kernel missing: one of 5.10, 6.1, 6.12, 6.1-arm64"],
    ["a command without --", ["6.1", "ls"], '"ls": the command goes after "--"'],
    ["--jobs", ["6.1", "--jobs", "2"], 'option "--jobs": only for the tests'],
  ])("%s is refused", (_name, args, message) => {
    expect(() => parseRunArguments(args)).toThrow(message);
  });
});
