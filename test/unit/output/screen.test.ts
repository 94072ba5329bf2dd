import { CapturedOutput } from "../../../src/output/capture";
import { liveFrame, liveOutput } from "../../../src/output/live";
import { Screen, type Terminal } from "../../../src/output/screen";
import { calls, info, manyCalls, reportOf } from "./sample";

class FakeTerminal implements Terminal {
  isTTY = true;
  columns = 80;
  rows = 24;
  writableNeedDrain = false;
  written: string[] = [];
  private listeners = new Map<string, (error?: unknown) => void>();
  write(text: string): boolean {
    this.written.push(text);
    return true;
  }
  on(event: string, listener: (error?: unknown) => void): void {
    this.listeners.set(event, listener);
  }
  off(event: string): void {
    this.listeners.delete(event);
  }
  emit(event: string, error?: unknown): void {
    this.listeners.get(event)?.(error);
  }
}

const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

describe("the screen", () => {
  test("is taken over, drawn as one synchronized frame and given back once", () => {
    const terminal = new FakeTerminal();
    {
      using screen = new Screen(terminal);
      screen.draw(() => ["one", "two"]);
      screen.restore();
    }
    expect(terminal.written).toEqual([
      ENTER,
      "\x1b[?2026h\x1b[H\x1b[Kone\r\n\x1b[Ktwo\r\n\x1b[J\x1b[?2026l",
      LEAVE,
    ]);
  });

  test("frames never exceed the terminal", () => {
    const terminal = Object.assign(new FakeTerminal(), { columns: 5, rows: 2 });
    using screen = new Screen(terminal);
    screen.draw(() => ["123456789", "\x1b[1mabcdefgh\x1b[22m", "below"]);
    expect(terminal.written[1]).toBe("\x1b[?2026h\x1b[H\x1b[K12345\r\n\x1b[K\x1b[1mabcde\x1b[22m\x1b[?2026l");
  });

  test("a change of size asks for the frame again", () => {
    const terminal = new FakeTerminal();
    using screen = new Screen(terminal);
    screen.draw(({ columns, rows }) => [`${columns}x${rows}`]);
    Object.assign(terminal, { columns: 40, rows: 10 });
    terminal.emit("resize");
    expect(terminal.written[2]).toContain("40x10");
    screen.restore();
    terminal.emit("resize");
    screen.resume();
    expect(terminal.written.at(-1)).toBe(LEAVE);
  });

  test("after a stop it is taken over and drawn again", () => {
    const terminal = new FakeTerminal();
    using screen = new Screen(terminal);
    screen.draw(() => ["one"]);
    screen.resume();
    expect(terminal.written.slice(2)).toEqual([ENTER, terminal.written[1]]);
  });

  test("a terminal that does not keep up misses frames", () => {
    const terminal = new FakeTerminal();
    using screen = new Screen(terminal);
    terminal.writableNeedDrain = true;
    screen.draw(() => ["one"]);
    expect(terminal.written).toEqual([ENTER]);
  });

  test("a terminal that is gone ends it quietly", () => {
    const terminal = new FakeTerminal();
    using screen = new Screen(terminal);
    terminal.emit("error", { code: "EIO" });
    expect(() => screen.draw(() => ["one"])).toThrow("write terminal: closed");
    screen.restore();
    expect(terminal.written).toEqual([ENTER]);
  });

  test("what is not a terminal is refused", () => {
    const pipe = Object.assign(new FakeTerminal(), { isTTY: false });
    expect(() => new Screen(pipe)).toThrow("live screen: stdout is not a terminal");
    expect(pipe.written).toEqual([]);
  });
});

describe("a live frame", () => {
  const options = { info, color: false, ascii: false, time: "10:00:01" };

  test("is the table under a title", () => {
    expect(liveFrame(reportOf(calls), { columns: 80, rows: 24 }, options).join("\n")).toMatchInlineSnapshot(`
"bpfkit  syscall-top  10:00:01

SYSCALL          COUNT  SHARE %
read              1201     60.0
openat             601     30.0
clock_nanosleep    199     10.0

2001 calls in 1s.
Lost: nothing."
`);
  });

  test.each([9, 10, 24])("fills %d rows and says how many it leaves out", (rows) => {
    const frame = liveFrame(reportOf(manyCalls(53)), { columns: 80, rows }, options);
    expect(frame).toHaveLength(rows);
    expect(frame.at(-1)).toBe("Lost: nothing.");
    // Title, blank, heading, …, the line in question, blank, two lines of footer.
    expect(frame.at(-4)).toBe(`(${53 - (rows - 7)} more rows)`);
  });

  test("rows that just fit are all shown", () => {
    const frame = liveFrame(reportOf(calls), { columns: 80, rows: 9 }, options);
    expect(frame.filter((line) => /^(read|openat|clock)/.test(line))).toHaveLength(3);
    expect(frame.join("\n")).not.toContain("more rows");
  });
});

test("live output leaves the last report on the terminal", async () => {
  const terminal = new FakeTerminal();
  const after = new CapturedOutput();
  const output = liveOutput({ screen: new Screen(terminal), info, color: false, ascii: false, after });
  await output.report(reportOf(calls));
  await output.report(reportOf(calls.slice(0, 1)));
  expect(after.reports).toEqual([]);
  await output.end();
  expect(terminal.written.at(-1)).toBe(LEAVE);
  expect(after.rows()).toEqual([{ name: "read", count: 1201, share: 0.6 }]);
  expect(after.ended).toBe(true);
});
