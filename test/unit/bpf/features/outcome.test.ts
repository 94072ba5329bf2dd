import { firstFailure, lacks, outcomeOf, works } from "../../../../src/bpf/features/outcome";
import { errno } from "../../../../src/core/errno";

test.each([
  ["a descriptor", 5, "works", ""],
  ["zero", 0, "works", ""],
  ["EINVAL", -errno.EINVAL, "lacks", "call: EINVAL"],
  ["the kernel's own ENOTSUPP", -errno.ENOTSUPP, "lacks", "call: ENOTSUPP"],
  ["EPERM", -errno.EPERM, "refused", "call: EPERM"],
  ["EACCES", -errno.EACCES, "refused", "call: EACCES"],
  ["ENOMEM", -errno.ENOMEM, "unclear", "call: ENOMEM"],
  ["EMFILE", -errno.EMFILE, "unclear", "call: EMFILE"],
])("%s", (_name, result, kind, detail) => expect(outcomeOf("call", result)).toEqual({ kind, detail }));

test("nothing is tried after a failure", () => {
  const later = jest.fn(() => works());
  expect(
    firstFailure(
      () => works(),
      () => lacks("no"),
      later,
    ),
  ).toEqual(lacks("no"));
  expect(later).not.toHaveBeenCalled();
});
