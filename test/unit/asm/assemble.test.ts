import {
  AssemblyError,
  assemble,
  type Block,
  callLocal,
  decode,
  disassemble,
  exit,
  increment,
  jump,
  label,
  listing,
  loadFunction,
  loadImm64,
  loadMap,
  loadMapValue,
  mov,
  r0,
  r1,
  r2,
  subprogram,
} from "../../../src/asm";

function thrownBy(run: () => unknown): AssemblyError {
  try {
    run();
  } catch (error) {
    return error as AssemblyError;
  }
  throw new Error("nothing was thrown");
}

const offsetAt = (bytes: Uint8Array, slot: number) => new DataView(bytes.buffer).getInt16(8 * slot + 2, true);
const immAt = (bytes: Uint8Array, slot: number) => new DataView(bytes.buffer).getInt32(8 * slot + 4, true);

describe("labels", () => {
  test("a forward jump counts from the slot behind it, wide instructions twice", () => {
    const out = label("out");
    const { bytes } = assemble([jump.eq(r0, 0, out), loadImm64(r1, 1n), mov(r0, 1), out, exit()]);
    expect(offsetAt(bytes, 0)).toBe(3);
  });

  test("a backward jump is negative", () => {
    const again = label("again");
    const { bytes } = assemble([again, mov(r0, 0), jump.ne(r0, 0, again), exit()]);
    expect(offsetAt(bytes, 1)).toBe(-2);
  });

  test("a jump to the very next instruction is zero", () => {
    const next = label("next");
    expect(offsetAt(assemble([jump.always(next), next, exit()]).bytes, 0)).toBe(0);
  });

  test("several at one place, with one name, in nested blocks", () => {
    const twice = (): Block => {
      const skip = label("skip");
      return [jump.eq(r1, 0, skip), [mov(r1, 0)], skip];
    };
    const end = label("end");
    const program = assemble([mov(r0, 0), twice(), twice(), end, exit()]);
    expect(listing(program)).toBe(
      [
        "   0: r0 = 0",
        "   1: if r1 == 0 goto skip",
        "   2: r1 = 0",
        "skip:",
        "   3: if r1 == 0 goto skip_2",
        "   4: r1 = 0",
        "skip_2:",
        "end:",
        "   5: exit",
        "",
      ].join("\n"),
    );
  });

  test("used but never placed: named, at the line that used it", () => {
    const lost = label("lost");
    const error = thrownBy(() => assemble([jump.always(lost), exit()]));
    expect(error).toBeInstanceOf(AssemblyError);
    expect(error.message).toBe('label "lost": used but never placed');
    expect(error.stack?.split("\n")[1]).toContain("assemble.test.");
  });

  test("placed twice: named with both places, at the line that made it", () => {
    const twin = label("twin");
    const error = thrownBy(() => assemble([twin, mov(r0, 0), twin, exit()]));
    expect(error.message).toBe('label "twin": placed twice, at slots 0 and 1');
    expect(error.stack?.split("\n")[1]).toContain("assemble.test.");
  });

  test("placed at the end", () => {
    const error = thrownBy(() => assemble([exit(), label("end")]));
    expect(error.message).toBe('label "end": placed after the last instruction');
    expect(error.stack?.split("\n")[1]).toContain("assemble.test.");
  });

  const filler = mov(r0, 0);
  const fill = (count: number): Block => new Array(count).fill(filler);
  const distances: readonly (readonly [string, number, boolean, boolean])[] = [
    ["32767 forward", 32767, true, true],
    ["32768 forward", 32768, true, false],
    ["32768 backward", 32767, false, true],
    ["32769 backward", 32768, false, false],
  ];
  test.each(distances)("%s", (_name, count, forward, fits) => {
    const far = label("far away");
    const write = () =>
      assemble(
        forward
          ? [jump.eq(r1, 0, far), fill(count), far, exit()]
          : [far, fill(count), jump.eq(r1, 0, far), exit()],
      );
    if (fits) {
      expect(offsetAt(write().bytes, forward ? 0 : count)).toBe(forward ? count : -count - 1);
      return;
    }
    const error = thrownBy(write);
    expect(error.message).toMatch(/^jump to "far away": -?\d+ slots away, further than 16 bits reach$/);
    expect(error.stack?.split("\n")[1]).toContain("assemble.test.");
  });

  test("a far jump and a call reach further", () => {
    const far = label("far");
    const { bytes } = assemble([jump.far(far), callLocal(far), fill(40_000), far, exit()]);
    expect([immAt(bytes, 0), immAt(bytes, 1)]).toEqual([40_001, 40_000]);
  });
});

describe("programs", () => {
  test("of several functions", () => {
    const square = label("square");
    const callback = label("callback");
    const program: Block = [
      [mov(r1, 3), callLocal(square), loadFunction(r2, callback), exit()],
      [square, mov(r0, r1), exit()],
      [callback, mov(r0, 0), exit()],
    ];
    const assembled = assemble(program);
    expect(immAt(assembled.bytes, 1)).toBe(3);
    expect(immAt(assembled.bytes, 2)).toBe(4);
    expect(disassemble(assembled.bytes)).toBe(
      [
        "   0: r1 = 3",
        "   1: call function5",
        "   2: r2 = function[function7]",
        "   4: exit",
        "function5:",
        "   5: r0 = r1",
        "   6: exit",
        "function7:",
        "   7: r0 = 0",
        "   8: exit",
        "",
      ].join("\n"),
    );
  });

  test("give their maps' places, their instructions by slot, and the same bytes every time", () => {
    const counts = { name: "counts" };
    const other = { name: "other" };
    const write = () =>
      assemble([loadMap(r1, counts), loadMapValue(r2, other, 8), loadMap(r1, counts), exit()]);
    const program = write();
    expect(program.maps).toEqual([
      { slot: 0, map: counts },
      { slot: 2, map: other },
      { slot: 4, map: counts },
    ]);
    expect(program.at(2)).toBe(program.instructions[1]);
    expect(program.at(3)).toBeUndefined();
    expect(write().bytes).toEqual(program.bytes);
  });

  test("may list the same block twice", () => {
    const shared: Block = [mov(r0, 1), exit()];
    expect(assemble([shared, shared]).bytes).toHaveLength(32);
  });

  const foreign: readonly (readonly [string, unknown, string])[] = [
    ["undefined", undefined, "slot 1: undefined is not an instruction, a label or a block"],
    ["a builder that was not called", exit, "slot 1: [Function: exit] is not"],
    ["text", "exit", 'slot 1: "exit" is not'],
  ];
  test.each(foreign)("refuse %s as an item", (_name, item, message) => {
    expect(thrownBy(() => assemble([mov(r0, 0), item as never])).message).toContain(message);
  });

  test("an instruction tells where it was written, a macro's one through the macro's caller", () => {
    expect(exit().origin[0]).toContain("assemble.test.");
    const { instructions } = assemble([increment({ name: "m" }, -8, -16), exit()]);
    expect(instructions[0]?.origin.some((line) => line.includes("assemble.test."))).toBe(true);
  });

  test("read back with what is known of them are equal", () => {
    const counts = { name: "counts" };
    const program = assemble([increment(counts, -8, -16), mov(r0, 0), exit()]);
    const again = decode(program.bytes, program);
    expect(assemble(again)).toEqual({ ...program, at: expect.any(Function) });
    expect(assemble(again).instructions).toEqual(program.instructions);
  });
});

describe("functions of a program", () => {
  test("stand behind the main one, once, wherever they are listed", () => {
    const inner = subprogram("inner", [mov(r0, 2), exit()]);
    const outer = subprogram("outer", [inner, callLocal(inner.label), exit()]);
    const use = (): Block => [outer, callLocal(outer.label)];
    const program = assemble([use(), use(), mov(r0, 0), exit()]);
    expect(listing(program)).toBe(
      listing(
        assemble([
          [callLocal(outer.label), callLocal(outer.label), mov(r0, 0), exit()],
          [outer.label, callLocal(inner.label), exit()],
          [inner.label, mov(r0, 2), exit()],
        ]),
      ),
    );
  });

  test("two of one name are two functions", () => {
    const twice = () => subprogram("f", [mov(r0, 0), exit()]);
    const [first, second] = [twice(), twice()];
    const { bytes } = assemble([first, second, callLocal(first.label), callLocal(second.label), exit()]);
    expect([immAt(bytes, 0), immAt(bytes, 1)]).toEqual([2, 3]);
  });
});
