/** A headless Chromium behind a pipe that speaks the DevTools protocol: opens a file, and does what a user does. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";

const PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Where Chromium is installed, if it is. */
export const chromiumPath = PATHS.find((path) => existsSync(path));

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { message: string };
}

export class Chromium {
  /** What pages said on their consoles, and what they threw. */
  readonly complaints: string[] = [];
  /** Every address that a page asked for. */
  readonly requests: string[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), "bpfkit-chromium-"));
  private readonly browser: ChildProcess;
  private readonly waiting = new Map<number, (message: Message) => void>();
  private readonly listeners = new Map<string, () => void>();
  private session: string | undefined;
  private lastId = 0;

  constructor(path: string) {
    const flags = [
      "--headless=new",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--no-first-run",
    ];
    this.browser = spawn(
      path,
      [
        ...flags,
        "--hide-scrollbars",
        `--user-data-dir=${this.folder}`,
        "--remote-debugging-pipe",
        "about:blank",
      ],
      // A process group of its own, so that its helpers can be ended with it. Without the pipe it ends by itself.
      { detached: true, stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
    );
    let text = "";
    (this.browser.stdio[4] as Readable).setEncoding("utf8").on("data", (piece: string) => {
      const messages = (text + piece).split("\0");
      text = messages.pop()!;
      for (const message of messages) this.take(JSON.parse(message) as Message);
    });
  }

  /** Shows a file in a window of so many pixels, and returns once its scripts have run. */
  async open(file: string, width: number, height: number): Promise<void> {
    this.session ??= await this.attach();
    await this.send("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: false,
    });
    const loaded = new Promise<void>((resolve) => this.listeners.set("Page.loadEventFired", resolve));
    await this.send("Page.navigate", { url: `file://${file}` });
    await loaded;
  }

  /** The value of an expression in the page; a promise is awaited. */
  async evaluate<T>(expression: string): Promise<T> {
    const parameters = { expression, returnByValue: true, awaitPromise: true };
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", parameters);
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value: T }).value;
  }

  /** Presses and releases the button of the mouse in the middle of the element that the expression gives. */
  async click(expression: string): Promise<void> {
    const at = await this.evaluate<{ x: number; y: number }>(
      `(() => { const box = (${expression}).getBoundingClientRect(); return { x: box.x + box.width / 2, y: box.y + box.height / 2 }; })()`,
    );
    await this.send("Input.dispatchMouseEvent", { type: "mouseMoved", ...at });
    for (const type of ["mousePressed", "mouseReleased"])
      await this.send("Input.dispatchMouseEvent", { type, ...at, button: "left", clickCount: 1 });
  }

  /** Types a text into what has the focus. */
  async type(text: string): Promise<void> {
    await this.send("Input.insertText", { text });
  }

  async key(key: string): Promise<void> {
    for (const type of ["keyDown", "keyUp"]) await this.send("Input.dispatchKeyEvent", { type, key });
  }

  /** Waits until an expression is true. */
  async until(expression: string): Promise<void> {
    await this.evaluate(
      `new Promise((resolve) => { const look = () => (${expression}) ? resolve(true) : requestAnimationFrame(look); look(); })`,
    );
  }

  async screenshot(): Promise<Buffer> {
    const { data } = await this.send("Page.captureScreenshot", { format: "png" });
    return Buffer.from(data as string, "base64");
  }

  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.browser.once("exit", resolve));
    // Asked politely, its helpers outlive it and fill their caches while the folder is being removed.
    process.kill(-this.browser.pid!, "SIGKILL");
    await gone;
    await rm(this.folder, { recursive: true, force: true, maxRetries: 20 });
  }

  private async attach(): Promise<string> {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    this.session = sessionId as string;
    for (const domain of ["Page", "Runtime", "Network", "Log"]) await this.send(`${domain}.enable`, {});
    return this.session;
  }

  private send(method: string, params: Record<string, unknown>): Promise<Record<string, unknown>> {
    const id = ++this.lastId;
    const message = {
      id,
      method,
      params,
      ...(this.session === undefined ? {} : { sessionId: this.session }),
    };
    (this.browser.stdio[3] as Writable).write(`${JSON.stringify(message)}\0`);
    return new Promise((resolve, reject) =>
      this.waiting.set(id, ({ result, error }) =>
        error === undefined ? resolve(result ?? {}) : reject(new Error(`${method}: ${error.message}`)),
      ),
    );
  }

  private take(message: Message): void {
    const { id, method = "", params = {} } = message;
    if (id !== undefined) {
      this.waiting.get(id)?.(message);
      this.waiting.delete(id);
    } else if (method === "Network.requestWillBeSent") {
      this.requests.push((params["request"] as { url: string }).url);
    } else if (["Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"].includes(method)) {
      this.complaints.push(JSON.stringify(params));
    } else this.listeners.get(method)?.();
  }
}
