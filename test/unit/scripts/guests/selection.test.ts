import { kernelByName } from "../../../../scripts/guests/kernels";
import { selection } from "../../../../scripts/guests/run-tests";
import { belowTest } from "../../../../scripts/guests/test-filter";

const chosen = (kernel: string, ...words: string[]) =>
  selection(words, kernelByName(kernel)).files.map(belowTest);

test.each<[kernel: string, words: string[], has: string[], hasNot: string[]]>([
  ["5.10", [], ["kernel/asm/operations", "cli/syscall-top", "guests/features"], ["cli/trace-fn", "unit/"]],
  ["6.12", ["cli/trace-fn"], ["cli/trace-fn"], ["cli/syscall-top"]],
  ["6.1", [], ["kernel/bpf/hooks", "kernel/trace-fn/kernel-functions"], ["kernel/asm/operations"]],
  ["6.1", ["operations"], ["kernel/asm/operations"], ["kernel/bpf/hooks"]],
  ["6.1-arm64", [], ["kernel/asm/operations", "kernel/proc-count/cost"], ["kernel/symbols/user-symbols"]],
])("guest %s, filter %j", (kernel, words, has, hasNot) => {
  const files = chosen(kernel, ...words);
  const found = (name: string) => files.some((file) => file.startsWith(name));
  expect(has.filter((name) => !found(name))).toEqual([]);
  expect(hasNot.filter(found)).toEqual([]);
});
