/** Functions of a library that the test has compiled. */
import { kernelTest } from "../kernel-test";
import { countsBy, runCommand } from "../run-command";
import { calls, NOTHING_LOST } from "./calls";
import { testLibrary } from "./test-library";

const NEEDS = ["uprobe", "ring-buffer", "btf-raw-tracepoint", "program:gcc"];
const RETURNS = [...NEEDS, "uretprobe"];

const of = (name: string) => `${testLibrary.library}:${name}`;

describe("arguments", () => {
  kernelTest(NEEDS, "signed integers of every size", async ({ kernel }) => {
    const forms = "1:i8,2:i16,3:i32,4:i64";
    const found = await calls(
      kernel,
      [of("narrow"), "--arg", forms],
      [testLibrary.program, "narrow", "7", "0"],
    );
    expect(found.calls).toHaveLength(7);
    for (const { args } of found.calls)
      expect(args).toEqual({ arg1: -5, arg2: -300, arg3: -70000, arg4: -5000000000 });
    expect(found.end).toMatchObject({ count: 7, lost: NOTHING_LOST });
  });

  kernelTest(NEEDS, "unsigned integers of every size", async ({ kernel }) => {
    const forms = "1:u8,2:u16,3:u32,4:u64";
    const found = await calls(kernel, [of("wide"), "--arg", forms], [testLibrary.program, "wide", "1", "0"]);
    expect(found.calls[0]?.args).toEqual({
      arg1: 251,
      arg2: 65521,
      arg3: 4294967291,
      arg4: "18446744073709551557",
    });
  });

  kernelTest(NEEDS, "without forms the registers, in hexadecimal", async ({ kernel }) => {
    const found = await calls(kernel, [of("six")], [testLibrary.program, "six", "1", "0"]);
    expect(Object.values(found.calls[0]?.args ?? {}).slice(0, 6)).toEqual(
      [1, 2, 3, 4, 5, 6].map((value) => `0x${value}`),
    );
  });

  kernelTest(NEEDS, "beyond the registers from the stack", async ({ kernel }) => {
    const args = [of("nine"), "--arg", "1:i64,6:i64,7:i64,8:i64,ninth=9:i64"];
    const found = await calls(kernel, args, [testLibrary.program, "nine", "3", "0"]);
    for (const call of found.calls)
      expect(call.args).toEqual({ arg1: 1, arg6: 6, arg7: 7, arg8: 8, ninth: 9 });
    expect(found.end.count).toBe(3);
  });

  kernelTest(NEEDS, "strings, and what is none as an address", async ({ kernel }) => {
    const work = [testLibrary.program, "length", "2", "0", "nothing", "1", "0"];
    const found = await calls(kernel, [of("length"), "--arg", "1:str"], work);
    expect(found.calls.map(({ args }) => args["arg1"])).toEqual(['hello, "world"', 'hello, "world"', "0x0"]);
  });

  kernelTest(NEEDS, "no more of a string than --string says", async ({ kernel }) => {
    const args = [of("length"), "--arg", "1:str", "--string", "8"];
    const found = await calls(kernel, args, [testLibrary.program, "length", "1", "0"]);
    expect(found.calls[0]?.args).toEqual({ arg1: "hello, …" });
  });
});

describe("what arguments lead to", () => {
  kernelTest(NEEDS, "arrays of numbers, those above 2^53 as strings", async ({ kernel }) => {
    const args = [of("bytes"), "--arg", "1:u8[4],hex=1:x8[4],pairs=1:i16[2],2:u64[2]"];
    const found = await calls(kernel, args, [testLibrary.program, "bytes", "5", "0"]);
    expect(found.calls.map(({ args: given }) => given)).toEqual(
      Array(5).fill({
        arg1: [1, 0, 255, 16],
        hex: ["0x1", "0x0", "0xff", "0x10"],
        pairs: [1, 4351],
        arg2: [7, "18446744073709551557"],
      }),
    );
  });

  kernelTest(NEEDS, "an array that is not there is an address", async ({ kernel }) => {
    const args = [of("length"), "--arg", "1:u8[512],2:sockaddr"];
    const found = await calls(kernel, args, [testLibrary.program, "nothing", "1", "0"]);
    expect(found.calls[0]?.args["arg1"]).toBe("0x0");
  });

  kernelTest(
    NEEDS,
    "a string is decoded whatever the form of output; tables show no controls",
    async ({ kernel }) => {
      const args = [of("length"), "--arg", "1:ustr"];
      const work = [testLibrary.program, "escape", "1", "0"];
      const found = await calls(kernel, args, work);
      expect(found.calls[0]?.args["arg1"]).toBe("\x1b[31mred\n");
      const table = await runCommand(kernel, ["trace-fn", ...args], work, "table");
      expect(table.printed).toContain('length(arg1="\\e[31mred\\n")');
      const csv = await runCommand(
        kernel,
        ["trace-fn", of("bytes"), "--arg", "1:u8[4]"],
        [testLibrary.program, "bytes", "1", "0"],
        "csv",
      );
      expect(csv.printed).toMatch(/,libtraced\.so:bytes,1 0 255 16\r\n$/);
    },
  );

  kernelTest(NEEDS, "filters on strings compare their letters", async ({ kernel }) => {
    const work = [testLibrary.program, "length", "7", "0", "nothing", "2", "0", "escape", "3", "0"];
    for (const [filter, count] of [
      [`t == 'hello, "world"'`, 7],
      [`t == 'hello, "world'`, 0],
      [`t == 'hello, "world" '`, 0],
      ["t == 'hello*'", 7],
      ["t == '*'", 10],
      ["t != 'hello*'", 5],
      ["!(t == 'hello*') && t == '\x1b[31m*'", 3],
    ] as const) {
      const args = ["trace-fn", "--count", of("length"), "--arg", "t=1:str", "--filter", filter];
      expect([filter, (await runCommand(kernel, args, work)).totals]).toMatchObject([filter, { count }]);
    }
  });
});

describe("what takes more than a register, or none", () => {
  kernelTest(NEEDS, "a struct of two words is two arguments", async ({ kernel }) => {
    const args = [of("pairs"), "--arg", "1:i64,2:i64,3:i64,4:i64"];
    const found = await calls(kernel, args, [testLibrary.program, "pairs", "3", "0"]);
    expect(found.calls.map(({ args: given }) => Object.values(given))).toEqual(
      Array(3).fill([11, -13, 17, 19]),
    );
  });

  kernelTest(
    NEEDS,
    "a larger one is on the stack on x86-64; of it arm64 passes the address",
    async ({ kernel }) => {
      const isArm = process.arch === "arm64";
      const forms = isArm ? "n=2:i64,v=1:i64[3]" : "n=1:i64,7:i64,8:i64,9:i64";
      const found = await calls(
        kernel,
        [of("larges"), "--arg", forms],
        [testLibrary.program, "larges", "3", "0"],
      );
      const words = found.calls.map(({ args: given }) => Object.values(given).flat());
      expect(words).toEqual(Array(3).fill([37, 23, -29, 31]));
    },
  );

  kernelTest(NEEDS, "floating point numbers are not counted among arguments", async ({ kernel }) => {
    const args = [of("half"), "--arg", "1:i64"];
    const found = await calls(kernel, args, [testLibrary.program, "half", "3", "41"]);
    expect(found.calls.map(({ args: given }) => given)).toEqual(Array(3).fill({ arg1: 41 }));
  });
});

describe("returns", () => {
  kernelTest(RETURNS, "results, with the arguments the call was made with", async ({ kernel }) => {
    const args = [of("narrow"), of("nine"), "--ret", "--arg", "1:i8,ret:i8"];
    const work = [testLibrary.program, "narrow", "5", "0", "nine", "3", "0"];
    const found = await calls(kernel, args, work);
    // −5 − 300 − 70000 − 5000000000, of which the function gives the lowest byte.
    const narrow = Number(BigInt.asIntN(8, -5n - 300n - 70000n - 5000000000n));
    expect(found.calls.map(({ args: given, result }) => [given["arg1"], result])).toEqual([
      ...Array(5).fill([-5, narrow]),
      ...Array(3).fill([1, 45]),
    ]);
  });

  kernelTest(RETURNS, "of calls that nest, each with its own argument", async ({ kernel }) => {
    const args = [of("factorial"), "--ret", "--arg", "1:i64,ret:i64"];
    const found = await calls(kernel, args, [testLibrary.program, "factorial", "3", "5"]);
    const inner = [
      [1, 1],
      [2, 2],
      [3, 6],
      [4, 24],
      [5, 120],
    ];
    expect(found.calls.map(({ args: given, result }) => [given["arg1"], result])).toEqual([
      ...inner,
      ...inner,
      ...inner,
    ]);
    const [first, , , , outermost] = found.calls;
    expect(outermost?.durationNs).toBeGreaterThan(first?.durationNs ?? Number.POSITIVE_INFINITY);
  });

  kernelTest(RETURNS, "last as long as the call slept", async ({ kernel }) => {
    const args = [of("doze"), "--ret", "--arg", "1:i64,ret:d"];
    const found = await calls(kernel, args, [testLibrary.program, "doze", "3", "20000000"]);
    expect(found.calls).toHaveLength(3);
    for (const { durationNs, result } of found.calls) {
      expect(durationNs).toBeGreaterThanOrEqual(20_000_000);
      expect(result).toBe(0);
    }
  });

  kernelTest(RETURNS, "--slower leaves out what was quick", async ({ kernel }) => {
    const work = [testLibrary.program, "doze", "5", "1", "doze", "2", "40000000"];
    const found = await calls(kernel, [of("doze"), "--slower", "40ms", "--arg", "1:i64"], work);
    expect(found.calls.filter(({ args }) => args["arg1"] === 40000000)).toHaveLength(2);
    // On a busy machine a short sleep may take long.
    for (const { durationNs } of found.calls) expect(durationNs).toBeGreaterThanOrEqual(40_000_000);
  });

  kernelTest(RETURNS, "that longjmp leaps over are not taken for others", async ({ kernel }) => {
    const args = [of("leaps"), of("lands"), "--ret", "--arg", "1:d,ret:d"];
    const found = await calls(kernel, args, [testLibrary.program, "lands", "11", "7"]);
    expect(found.calls.map(({ function: name }) => name)).toEqual(Array(11).fill("libtraced.so:lands"));
    for (const { args: given, result } of found.calls) expect([given["arg1"], result]).toEqual([7, 7]);
  });

  kernelTest(RETURNS, "r: shows the return alone", async ({ kernel }) => {
    const args = [`r:${of("factorial")}`, "--arg", "ret:i64"];
    const found = await calls(kernel, args, [testLibrary.program, "factorial", "1", "4"]);
    expect(found.calls.map(({ args: given, result }) => [given, result])).toEqual([
      [{}, 1],
      [{}, 2],
      [{}, 6],
      [{}, 24],
    ]);
    for (const call of found.calls) expect(call).not.toHaveProperty("durationNs");
  });

  kernelTest(RETURNS, "of a process that dies are missing, its calls are not", async ({ kernel }) => {
    const work = [testLibrary.program, "six", "3", "0", "dies", "1", "9"];
    const entries = await calls(kernel, [of("six"), of("dies"), "--arg", "1:d"], work);
    expect(entries.end.functions).toEqual({ "libtraced.so:six": 3, "libtraced.so:dies": 1 });
    const returns = await calls(kernel, [of("six"), of("dies"), "--ret"], work);
    expect(returns.end.functions).toEqual({ "libtraced.so:six": 3 });
  });
});

describe("what is counted", () => {
  const work = () => [testLibrary.program, "threads", "4", "six", "251", "0", "nine", "13", "0"];

  kernelTest(NEEDS, "the calls of all threads, each once", async ({ kernel }) => {
    const { rows, totals, lost } = await runCommand(
      kernel,
      ["trace-fn", "--count", `${testLibrary.library}:/^(six|nine|length)$/`],
      work(),
    );
    expect(countsBy(rows, "function")).toEqual({ "libtraced.so:six": 1004, "libtraced.so:nine": 52 });
    expect(totals).toMatchObject({ count: 1056, functions: 3, rows: 2 });
    expect(lost).toEqual(NOTHING_LOST);
  });

  kernelTest(RETURNS, "--latency has the same counts, and times in order", async ({ kernel }) => {
    const { rows } = await runCommand(kernel, ["trace-fn", "--latency", of("six"), of("nine")], work());
    expect(countsBy(rows, "function")).toEqual({ "libtraced.so:six": 1004, "libtraced.so:nine": 52 });
    for (const row of rows) {
      const times = ["p50Ns", "p95Ns", "p99Ns", "maxNs", "totalNs"].map((key) => Number(row[key]));
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(times[0]).toBeGreaterThan(0);
    }
  });

  kernelTest(NEEDS, "calls by the thread that makes them", async ({ kernel }) => {
    const found = await calls(kernel, [of("nine")], work());
    const threads = new Map<number, number>();
    for (const { tid } of found.calls) threads.set(tid, (threads.get(tid) ?? 0) + 1);
    expect([...threads.values()]).toEqual([13, 13, 13, 13]);
    expect(new Set(found.calls.map(({ pid }) => pid)).size).toBe(1);
  });

  kernelTest(NEEDS, "--max-events ends the run", async ({ kernel }) => {
    const found = await calls(kernel, [of("six"), "--max-events", "17"], work());
    expect(found.end.count).toBe(17);
  });

  kernelTest(NEEDS, "two tracers at once see the same", async ({ kernel }) => {
    const args = ["trace-fn", "--count", of("six")];
    const outer = runCommand(kernel, args, async () => {
      const inner = await runCommand(kernel, args, work());
      expect(countsBy(inner.rows, "function")).toEqual({ "libtraced.so:six": 1004 });
    });
    expect(countsBy((await outer).rows, "function")).toEqual({ "libtraced.so:six": 1004 });
  });

  kernelTest(NEEDS, "the function of COMMAND's own program", async ({ kernel }) => {
    const { rows } = await runCommand(kernel, ["trace-fn", "--count", ":main"], work());
    expect(countsBy(rows, "function")).toEqual({ main: 1 });
  });
});

const VIAS = { uprobe: ["uprobe", "uretprobe"], "uprobe-multi": ["uprobe-multi", "attach-cookie"] } as const;

describe.each(Object.entries(VIAS))("by %s", (via, needs) => {
  const by = [...NEEDS, ...needs];
  const many = (mode: string) => [
    ...["trace-fn", "--via", via, mode],
    `${testLibrary.library}:/^(six|nine|length|narrow|factorial)$/`,
  ];
  const work = () => [
    testLibrary.program,
    "threads",
    "4",
    "six",
    "251",
    "0",
    "nine",
    "13",
    "0",
    "factorial",
    "3",
    "5",
  ];
  const counted = {
    "libtraced.so:six": 1004,
    "libtraced.so:nine": 52,
    "libtraced.so:factorial": 60,
  };

  kernelTest(by, `${via}: each function has its own counts and times`, async ({ kernel }) => {
    for (const mode of ["--count", "--latency"]) {
      const { rows, totals, lost } = await runCommand(kernel, many(mode), work());
      expect(countsBy(rows, "function")).toEqual(counted);
      expect(totals).toMatchObject({ count: 1116, functions: 5, rows: 3 });
      expect(lost).toEqual(NOTHING_LOST);
    }
  });

  kernelTest(by, `${via}: each call has its own function, arguments and result`, async ({ kernel }) => {
    const args = ["--via", via, of("narrow"), of("nine"), of("factorial"), "--ret", "--arg", "1:i64,ret:i64"];
    const steps = ["nine", "3", "0", "factorial", "1", "3", "nine", "1", "0"];
    const found = await calls(kernel, args, [testLibrary.program, ...steps]);
    expect(
      found.calls.map(({ function: name, args: given, result }) => [name, given["arg1"], result]),
    ).toEqual([
      ...Array(3).fill(["libtraced.so:nine", 1, 45]),
      ["libtraced.so:factorial", 1, 1],
      ["libtraced.so:factorial", 2, 2],
      ["libtraced.so:factorial", 3, 6],
      ["libtraced.so:nine", 1, 45],
    ]);
  });
});

describe("refused", () => {
  const refusal = async (kernel: Parameters<typeof calls>[0], target: string) =>
    runCommand(kernel, ["trace-fn", target], [testLibrary.program]).then(
      () => undefined,
      (error: { message: string; hint?: string }) => ({ message: error.message, hint: error.hint }),
    );

  kernelTest(NEEDS, "a function that is not there, with the nearest name", async ({ kernel }) => {
    expect(await refusal(kernel, of("lenght"))).toEqual({
      message: `function "lenght" of "${testLibrary.library}": absent`,
      hint: 'did you mean "length"?',
    });
  });
  kernelTest(NEEDS, "a pattern that matches nothing", async ({ kernel }) => {
    const found = await refusal(kernel, of("zz*"));
    expect(found?.message).toContain("matches no function of");
  });
  kernelTest(NEEDS, "a file that is no program", async ({ kernel }) => {
    expect((await refusal(kernel, `${testLibrary.text}:main`))?.message).toContain("libtraced.so.c");
  });
  kernelTest(NEEDS, "a program without symbols", async ({ kernel }) => {
    expect((await refusal(kernel, `${testLibrary.stripped}:call`))?.message).toContain('function "call"');
  });
});
