import { chosenFiles, parseTestFilter } from "../../../../scripts/guests/test-filter";

const suites = {
  kernel: ["/p/dist/test/kernel/bpf/maps.test.js", "/p/dist/test/kernel/btf.test.js"],
  cli: ["/p/dist/test/cli/maps.test.js"],
};

test.each<[words: string[], files: string[], options: string[]]>([
  [[], ["cli/maps", "kernel/bpf/maps", "kernel/btf"], []],
  [["maps"], ["cli/maps", "kernel/bpf/maps"], []],
  [["^kernel", "cli"], ["cli/maps", "kernel/bpf/maps", "kernel/btf"], []],
  [["-t", "counts exactly", "btf"], ["kernel/btf"], ["-t", "counts exactly"]],
  [["--verbose", "btf"], ["kernel/btf"], ["--verbose"]],
])("%j", (words, files, options) => {
  const filter = parseTestFilter(words);
  expect(filter.options).toEqual(options);
  expect(chosenFiles(suites, filter)).toEqual(files.map((file) => `/p/dist/test/${file}.test.js`));
});

test.each([
  [["-t"], 'test filter: "-t" needs a name'],
  [["("], 'test filter "(": not a regular expression'],
])("%j is refused", (words, message) => expect(() => parseTestFilter(words)).toThrow(message));

test("a filter that no file matches is refused", () =>
  expect(() => chosenFiles(suites, parseTestFilter(["perf"]))).toThrow(
    'test filter "perf": no file matches',
  ));
