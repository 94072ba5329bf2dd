/** The live screen with its keys: taken over for a run, and always given back. */
import type { LiveScreen } from "../commands/context";
import { type LiveOptions, liveOutput } from "../output/live";
import type { Output } from "../output/output";
import { Screen } from "../output/screen";
import { Keyboard, type KeySource } from "./keyboard";

/** What is needed of `process`. */
export interface LivePlace {
  readonly stdin: KeySource;
  readonly stdout: NodeJS.WriteStream;
  readonly pid: number;
  kill(pid: number, signal: "SIGINT" | "SIGTSTP"): unknown;
  cpuUsage(): { readonly user: number; readonly system: number };
  on(event: "SIGCONT", listener: () => void): unknown;
  off(event: "SIGCONT", listener: () => void): unknown;
}

/** An open live screen. */
export interface Live {
  readonly output: Output;
  readonly screen: LiveScreen;
  /** Gives the keys back; the output gives the screen back. */
  close(): void;
}

/** Takes the terminal over; the keys too, once somebody wants them, if they are `ours`. */
export function openLive(place: LivePlace, options: Omit<LiveOptions, "screen">, ours: boolean): Live {
  const screen = new Screen(place.stdout);
  const keyboard = new Keyboard(place.stdin, (signal) => place.kill(place.pid, signal));
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
