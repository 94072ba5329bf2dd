/** The live screen with its keys: taken over for a run, and always given back. */
import type { LiveScreen } from "../commands/context";
import { type LiveOptions, liveOutput } from "../output/live";
import type { Output } from "../output/output";
import { Screen } from "../output/screen";
import { Keyboard } from "./keyboard";
import type { OutputPlace } from "./output";

/** An open live screen. */
export interface Live {
  readonly output: Output;
  readonly screen: LiveScreen;
  /** Gives the keys back; the output gives the screen back. */
  close(): void;
}

/** Takes the terminal over; the keys too, once somebody wants them, if they are `ours`. */
export function openLive(place: OutputPlace, options: Omit<LiveOptions, "screen">, ours: boolean): Live {
  const screen = new Screen(place.stdout);
  const keyboard = new Keyboard(place.stdin, (signal) => {
    if (signal === "SIGTSTP") screen.suspend();
    place.kill(place.pid, signal);
  });
  const resume = () => {
    keyboard.resume();
    screen.resume();
  };
  place.on("SIGCONT", resume);
  const output = liveOutput({ ...options, screen });
  return {
    output,
    screen: {
      onKey(listener) {
        if (ours) keyboard.listen(listener);
      },
      bell: () => void place.stdout.write("\x07"),
      ownCpuNs() {
        const { user, system } = place.cpuUsage();
        return (user + system) * 1000;
      },
    },
    close() {
      place.off("SIGCONT", resume);
      keyboard[Symbol.dispose]();
    },
  };
}
