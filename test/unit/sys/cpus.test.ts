import { onlineCpus, onlineCpusOf, parseCpuList, possibleCpus } from "../../../src/sys/cpus";

test.each([
  ["0", [0]],
  ["0-3\n", [0, 1, 2, 3]],
  ["0,2-3, 8", [0, 2, 3, 8]],
  ["3,1-2,2", [1, 2, 3]],
])("%j", (text, cpus) => expect(parseCpuList(text)).toEqual(cpus));

test.each(["", "a", "1-", "3-2", "-1", "1,,2"])("%j is refused", (text) => {
  expect(() => parseCpuList(text)).toThrow(`cpu list: "${text}" is not like "0,2-3"`);
});

test("the CPUs that run are among those that may", () => {
  expect(possibleCpus()).toEqual(expect.arrayContaining(onlineCpus()));
  expect(onlineCpusOf({ readText: () => undefined })).toEqual([0]);
});
