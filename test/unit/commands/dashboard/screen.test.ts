import { type FrameContent, frame } from "../../../../src/commands/dashboard/frame";
import type { Row } from "../../../../src/commands/dashboard/report";
import {
  beginning,
  ordered,
  orders,
  press,
  type ViewState,
} from "../../../../src/commands/dashboard/view-state";
import { createPaint } from "../../../../src/output/color";
import { displayWidth } from "../../../../src/output/width";

const names = ["syscalls", "opens", "write-bytes"];

const rows: readonly Row[] = names.map((counter, at) => ({
  counter,
  unit: "events",
  alerts: counter === "opens" ? 1 : 0,
  reading: {
    total: [5, 1000, 70_000][at] as number,
    count: 1,
    rate: at,
    avg: 3,
    ewma: 4,
    min: 0,
    max: 2 - at,
  },
}));

function content(given: Partial<ViewState> = {}, more: Partial<FrameContent> = {}): FrameContent {
  return {
    rows,
    state: { ...beginning, ...given },
    processes: [],
    course: () => [1, 2, 3],
    firing: [],
    ownCpu: 0.004,
    lost: 0,
    ...more,
  };
}

function lines(columns: number, height: number, shown = content()): string[] {
  return frame(shown, {
    columns,
    rows: height,
    title: "bpfkit  dashboard",
    paint: createPaint(false),
    ascii: true,
  });
}

describe("keys", () => {
  const pressed = (keys: readonly string[], state = beginning) =>
    keys.reduce((now, key) => press(now, key, names).state, state);

  test("up and down stay within the list", () => {
    expect(pressed(["down"]).selected).toBe("opens");
    expect(pressed(["down", "down", "down", "down"]).selected).toBe("write-bytes");
    expect(pressed(["down", "up", "up"]).selected).toBe("syscalls");
  });
  test("p stops and goes on", () => {
    expect(pressed(["p"]).paused).toBe(true);
    expect(pressed(["p", "p"]).paused).toBe(false);
  });
  test("s goes through all orders", () => {
    const seen = orders.map((_, at) => pressed(Array<string>(at).fill("s")).order);
    expect(seen).toEqual(orders);
    expect(pressed(Array<string>(orders.length).fill("s")).order).toBe("list");
  });
  test("Enter drills into the selected counter, and back; Escape too", () => {
    expect(pressed(["down", "enter"]).drilled).toBe("opens");
    expect(pressed(["down", "enter", "enter"]).drilled).toBeUndefined();
    expect(pressed(["enter", "escape"])).toMatchObject({ drilled: undefined, selected: "syscalls" });
  });
  test("q and r are for the run", () => {
    expect(press(beginning, "q", names).action).toBe("quit");
    expect(press(beginning, "r", names).action).toBe("reset");
    expect(press(beginning, "x", names)).toEqual({ state: beginning });
  });
  test("any key leaves the help, and does nothing else", () => {
    expect(pressed(["?"]).help).toBe(true);
    expect(pressed(["?", "p"])).toEqual(beginning);
    expect(press(pressed(["?"]), "q", names).action).toBe("quit");
  });
});

test("rows in order: numbers from the largest, names from the first", () => {
  const order = (by: ViewState["order"]) => ordered(rows, by).map(({ counter }) => counter);
  expect(order("list")).toEqual(names);
  expect(order("total")).toEqual(["write-bytes", "opens", "syscalls"]);
  expect(order("max")).toEqual(names);
  expect(order("name")).toEqual(["opens", "syscalls", "write-bytes"]);
});

describe("a frame", () => {
  test("has every figure where there is room", () =>
    expect(lines(100, 8, content({ selected: "syscalls" }, { firing: ["opens > 5/s"] }))).toEqual([
      "bpfkit  dashboard",
      "  COUNTER        TOTAL  RATE /s   AVG /s  EWMA /s   MIN /s   MAX /s  COURSE",
      "> syscalls           5        0     3.00     4.00        0     2.00  -*#",
      "! opens           1000     1.00     3.00     4.00        0     1.00  -*#",
      "  write-bytes    70.0k     2.00     3.00     4.00        0        0  -*#",
      "",
      "ALERT opens > 5/s",
      "bpfkit 0.4 % CPU, lost nothing                                      sorted by list - q p r s Enter ?",
    ]));

  test("has the most important ones on a small terminal, and scrolls to the selected row", () =>
    expect(lines(40, 5, content({ selected: "write-bytes" }))).toEqual([
      "bpfkit  dashboard",
      "  COUNTER        TOTAL  RATE /s   AVG /s",
      "! opens           1000     1.00     3.00",
      "> write-bytes    70.0k     2.00     3.00",
      "bpfkit 0.4 % CPU, lost nothing",
    ]));

  test("fits every terminal", () => {
    for (const state of [{}, { help: true }, { drilled: "opens" }, { paused: true, selected: "opens" }])
      for (let columns = 20; columns <= 200; columns += 9)
        for (let height = 3; height <= 40; height += 4) {
          const shown = lines(columns, height, content(state));
          expect(shown.length).toBeLessThanOrEqual(height);
          if (!("help" in state))
            for (const line of shown.slice(2, -1))
              expect(displayWidth(line)).toBeLessThanOrEqual(Math.max(columns, 40));
        }
  });

  test("says that it stands still, and what was lost", () => {
    const shown = lines(60, 6, content({ paused: true }, { lost: 7 }));
    expect(shown[0]).toContain("(paused)");
    expect(shown.at(-1)).toContain("lost 7");
  });

  test("has the programs' share where it is counted", () =>
    expect(lines(60, 6, content({}, { programCpu: 0.0123 })).at(-1)).toContain(
      "bpfkit 0.4 % CPU, programs 1.2 %, lost nothing",
    ));

  test("shows the processes behind a counter", () => {
    const processes = [{ pid: 4711, comm: "make", total: 12_345, rate: 99.94 }];
    expect(lines(60, 5, content({ drilled: "opens" }, { processes })).slice(1, 3)).toEqual([
      "    PID  COMM                TOTAL  RATE /s  opens",
      "   4711  make                12.3k     99.9",
    ]);
  });

  test("explains the keys", () =>
    expect(lines(60, 12, content({ help: true })).join("\n")).toContain("pause"));
});
