import { parseMemoryLock } from "../../../../src/bpf/features/memory-lock";

const HEAD = "Limit                     Soft Limit           Hard Limit           Units     \n";

test.each([
  [
    "numbers",
    "Max locked memory         65536                8388608              bytes     ",
    65536n,
    8388608n,
  ],
  ["no limit", "Max locked memory         unlimited            unlimited            bytes     ", -1n, -1n],
])("%s", (_name, line, soft, hard) => expect(parseMemoryLock(`${HEAD}${line}\n`)).toEqual({ soft, hard }));

test("absent", () => expect(parseMemoryLock(HEAD)).toBeUndefined());
