/** What `--exec` starts when an alert fires or clears. */
import { spawn } from "node:child_process";
import { messageOf, UsageError } from "../../core/errors";
import type { AlertEvent } from "./alert-state";

/** Words as a shell splits them, with quotes and backslashes, and without anything else a shell does. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  const piece = /\s*("(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])/gsy;
  let end = 0;
  for (const [whole, part = ""] of text.matchAll(piece)) {
    const isNew = words.length === 0 || /^\s/.test(whole);
    const plain = unquoted(part);
    if (isNew) words.push(plain);
    else words[words.length - 1] += plain;
    end += whole.length;
  }
  const rest = text.slice(end).trimStart();
  if (rest !== "") {
    const at = text.length - rest.length;
    throw new UsageError(`exec: column ${at + 1}: a quote that is not closed`, {
      hint: `${text}\n${" ".repeat(at)}^`,
    });
  }
  if (words.length === 0) throw new UsageError("exec: no command");
  return words;
}

function unquoted(part: string): string {
  if (part.startsWith("'")) return part.slice(1, -1);
  const inner = part.startsWith('"') ? part.slice(1, -1) : part;
  return inner.replace(/\\(.)/gs, "$1");
}

/** What the command is told. */
function environment({ alert, state, value }: AlertEvent): NodeJS.ProcessEnv {
  return {
    ...process.env,
    BPFKIT_ALERT: alert.text,
    BPFKIT_STATE: state,
    BPFKIT_COUNTER: alert.counter,
    BPFKIT_FIGURE: alert.figure,
    BPFKIT_VALUE: String(value),
    BPFKIT_LIMIT: String(alert.fires.limit),
  };
}

/** More commands than these at a time are not started: an alert that comes and goes must not fill the machine. */
const MOST = 8;

/** Starts a command for each change of an alert and does not wait for it. Its output goes to stderr. */
export class AlertAction {
  private running = 0;

  constructor(
    private readonly words: readonly string[],
    private readonly quiet: boolean,
    private readonly notice: (text: string) => void,
  ) {}

  run(event: AlertEvent): void {
    const [file = "", ...args] = this.words;
    if (this.running >= MOST) {
      this.notice(`exec: ${MOST} commands run already, "${file}" is not started`);
      return;
    }
    this.running++;
    const output = this.quiet ? "ignore" : 2;
    const child = spawn(file, args, { env: environment(event), stdio: ["ignore", output, output] });
    const over = (what?: string) => {
      this.running--;
      if (what !== undefined) this.notice(`exec: "${file}": ${what}`);
    };
    child.once("error", (error) => over(messageOf(error)));
    child.once("exit", (code, signal) => over(code === 0 ? undefined : `ended with ${signal ?? code}`));
    child.unref();
  }
}
