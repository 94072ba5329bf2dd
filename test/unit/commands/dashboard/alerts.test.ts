import fc from "fast-check";
import { splitWords } from "../../../../src/commands/dashboard/alert-action";
import { type Alert, parseAlert } from "../../../../src/commands/dashboard/alert-expression";
import { AlertState, type Figures } from "../../../../src/commands/dashboard/alert-state";
import { UsageError } from "../../../../src/core/errors";

const KNOWN = ["opens", "tx-bytes", "drops", "t:sched:sched_wakeup"];
const S = 1_000_000_000;

function parsed(text: string) {
  const { text: _text, ...rest } = parseAlert(text, KNOWN);
  return rest;
}

describe("an alert's condition", () => {
  test.each([
    ["opens > 5000/s", "opens", "rate", ">", 5000, 0],
    ["  opens>5000/s   for 3s ", "opens", "rate", ">", 5000, 3 * S],
    ["avg opens >= 1.5k/s", "opens", "avg", ">=", 1500, 0],
    ["ewma tx-bytes < 10M/s for 2m", "tx-bytes", "ewma", "<", 10e6, 120 * S],
    ["total drops > 0", "drops", "total", ">", 0, 0],
    ["drops <= 2G", "drops", "total", "<=", 2e9, 0],
    ["t:sched:sched_wakeup > 1/s for 500ms", "t:sched:sched_wakeup", "rate", ">", 1, S / 2],
  ])("%s", (text, counter, figure, comparison, limit, forNs) => {
    expect(parsed(text)).toEqual({ counter, figure, fires: { comparison, limit }, forNs, clears: undefined });
  });

  test("clears at another limit", () =>
    expect(parsed("opens > 5000/s for 3s clear < 4000/s")).toMatchObject({
      fires: { comparison: ">", limit: 5000 },
      clears: { comparison: "<", limit: 4000 },
    }));

  test.each([
    ["", 1, "a counter is missing"],
    ["opened > 5", 1, '"opened" is not counted'],
    ["opens 5000/s", 7, '"5000/s" is no comparison'],
    ["opens > ", 8, "a limit is missing"],
    ["opens > many", 9, '"many" is no limit'],
    ["avg opens > 5", 13, '"avg" is a rate'],
    ["total opens > 5/s", 15, "a total is no rate"],
    ["opens > 5/s for", 16, "a time is missing"],
    ["opens > 5/s for long", 17, '"long" is no time'],
    ["opens > 5/s often", 13, '"often" is not expected'],
    ["opens > 5/s clear > 4/s", 21, "it would clear while it still fires"],
    ["opens > 5/s clear < 6/s", 21, "it would clear while it still fires"],
    ["opens >= 5/s clear <= 5/s", 23, "it would clear while it still fires"],
    ["opens > 5/s clear < 4", 21, "one limit is a rate and the other a total"],
  ])("%s: refused at column %d", (text, column, fact) => {
    const refusal = (() => {
      try {
        return parseAlert(text, KNOWN);
      } catch (error) {
        return error;
      }
    })();
    expect(refusal).toBeInstanceOf(UsageError);
    const { message, hint } = refusal as UsageError;
    expect(message).toBe(`alert: column ${column}: ${fact}`);
    expect(hint?.split("\n").slice(0, 2)).toEqual([text, `${" ".repeat(column - 1)}^`]);
  });

  test("a misspelled counter gets the nearest", () =>
    expect(() => parseAlert("open > 5", KNOWN)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('did you mean "opens"?') }),
    ));
});

/** What an alert does over seconds with these rates, each with the second it happens at. */
function events(alert: Alert, rates: readonly number[]): string[] {
  const state = new AlertState(alert);
  return rates.flatMap((rate, second) => {
    const figures: Figures = { rate, avg: 0, ewma: 0, total: 0 };
    const event = state.update(figures, BigInt(second * S), BigInt((second + 1) * S));
    return event === undefined ? [] : [`${event.state} at ${second + 1} by ${event.value}`];
  });
}

describe("an alert over time", () => {
  test.each([
    [
      "fires at once and clears at once",
      "opens > 10/s",
      [0, 11, 12, 10, 11],
      ["fired at 2 by 11", "cleared at 4 by 10", "fired at 5 by 11"],
    ],
    [
      "fires when it has held so long, from the start of the first interval",
      "opens > 10/s for 3s",
      [11, 11, 11, 11],
      ["fired at 3 by 11"],
    ],
    [
      "starts over when it was interrupted",
      "opens > 10/s for 3s",
      [11, 11, 9, 11, 11, 11],
      ["fired at 6 by 11"],
    ],
    [
      "stays until the other limit is crossed",
      "opens > 10/s clear < 5/s",
      [11, 9, 5, 20, 4, 9],
      ["fired at 1 by 11", "cleared at 5 by 4"],
    ],
    [
      "needs the whole time again after it was cleared",
      "opens > 10/s for 2s clear < 5/s",
      [11, 11, 1, 11, 11],
      ["fired at 2 by 11", "cleared at 3 by 1", "fired at 5 by 11"],
    ],
    [
      "works downwards too",
      "opens < 5/s clear > 8/s",
      [9, 4, 7, 9],
      ["fired at 2 by 4", "cleared at 4 by 9"],
    ],
  ])("%s", (_what, text, rates, expected) =>
    expect(events(parseAlert(text, KNOWN), rates)).toEqual(expected),
  );

  test("a total holds from when it is read", () => {
    const state = new AlertState(parseAlert("total drops > 0 for 1s", KNOWN));
    const figures: Figures = { rate: 0, avg: 0, ewma: 0, total: 1 };
    expect(state.update(figures, 0n, BigInt(S))).toBeUndefined();
    expect(state.update(figures, BigInt(S), BigInt(2 * S))).toMatchObject({ state: "fired", value: 1 });
    expect(state.firing).toBe(true);
  });

  test("fired and cleared take turns, whatever comes", () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (rates) => {
        const states = events(parseAlert("opens > 12/s clear < 6/s", KNOWN), rates).map(
          (event) => event.split(" ")[0],
        );
        expect(states).toEqual(states.map((_, at) => (at % 2 === 0 ? "fired" : "cleared")));
      }),
    ));
});

describe("the words of --exec", () => {
  test.each([
    ["logger -t alert hello", ["logger", "-t", "alert", "hello"]],
    [`mail -s 'too many' "a b"`, ["mail", "-s", "too many", "a b"]],
    [`echo "a \\"b\\"" c\\ d '' x'y'z`, ["echo", 'a "b"', "c d", "", "xyz"]],
    ["echo $HOME; rm *", ["echo", "$HOME;", "rm", "*"]],
  ])("%s", (text, words) => expect(splitWords(text)).toEqual(words));
  test.each([
    ["echo 'open", "exec: column 6: a quote that is not closed"],
    ["  ", "exec: no command"],
  ])("%j is refused", (text, message) => expect(() => splitWords(text)).toThrow(message));
});
