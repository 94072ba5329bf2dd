import { EventEmitter } from "node:events";
import { Keyboard, keysIn } from "../../../src/cli/keyboard";

test.each([
  ["q", ["q"]],
  ["\x1b[A\x1b[B", ["up", "down"]],
  ["\x1bOA\r", ["up", "enter"]],
  ["\x1b", ["escape"]],
  ["\x1b[5~p", ["other", "p"]],
  ["ä?", ["ä", "?"]],
])("%j", (text, keys) => expect(keysIn(text)).toEqual(keys));

/** A terminal's side of the keys. */
class FakeInput extends EventEmitter {
  readonly log: string[] = [];
  constructor(readonly isTTY: boolean) {
    super();
  }
  setRawMode(raw: boolean) {
    this.log.push(raw ? "raw" : "cooked");
  }
  resume() {
    this.log.push("resume");
  }
  pause() {
    this.log.push("pause");
  }
}

function opened(isTTY = true) {
  const input = new FakeInput(isTTY);
  const raised: string[] = [];
  const keys: string[] = [];
  const keyboard = new Keyboard(input, (signal) => raised.push(signal));
  keyboard.listen((key) => keys.push(key));
  return { input, raised, keys, keyboard };
}

test("hands over keys, turns Ctrl-C into a signal, and gives the terminal back once", () => {
  const { input, raised, keys, keyboard } = opened();
  input.emit("data", "p\x03\x1b[B");
  keyboard[Symbol.dispose]();
  keyboard[Symbol.dispose]();
  input.emit("data", "x");
  expect({ keys, raised, log: input.log }).toEqual({
    keys: ["p", "down"],
    raised: ["SIGINT"],
    log: ["raw", "resume", "cooked", "pause"],
  });
});

test("Ctrl-Z leaves the terminal to the shell until bpfkit goes on", () => {
  const { input, raised, keyboard } = opened();
  input.emit("data", "\x1a");
  expect([...input.log, ...raised]).toEqual(["raw", "resume", "cooked", "SIGTSTP"]);
  keyboard.resume();
  expect(input.log.at(-1)).toBe("raw");
});

test("leaves alone what is no terminal", () => {
  const { input, keyboard } = opened(false);
  keyboard.resume();
  keyboard[Symbol.dispose]();
  expect(input.log).toEqual([]);
});
