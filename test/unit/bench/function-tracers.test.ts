import { countedByBpfkit, countedByBpftrace, countedByFunclatency } from "../../../bench/function-tracers";

test("bpfkit's totals", () => expect(countedByBpfkit('{"rows":[],"totals":{"count":200012}}')).toBe(200012));

test("bpftrace's only map", () => {
  expect(countedByBpftrace("Attaching 1 probe...\n\n@: 200012\n\n")).toBe(200012);
  expect(countedByBpftrace("Attaching 1 probe...\n")).toBe(0);
});

test("the rows of funclatency's histogram", () =>
  expect(
    countedByFunclatency(
      "     nsec                : count    distribution\n" +
        "         0 -> 1          : 0        |                    |\n" +
        "       512 -> 1023       : 1987     |********************|\n" +
        "      1024 -> 2047       : 14       |                    |\nExiting trace of write\n",
    ),
  ).toBe(2001));
