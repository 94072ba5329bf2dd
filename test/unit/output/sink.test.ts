import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { openSink } from "../../../src/output/file-sink";
import { ClosedPipeError, StreamSink, writeError } from "../../../src/output/sink";

const failing = (code: string, errno: number) =>
  new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error(`${code}: write`), { code, errno })),
  });

describe("a stream", () => {
  test("write resolves when the chunk was taken, not before", async () => {
    const order: string[] = [];
    const stream = new Writable({
      write(_chunk, _encoding, done) {
        setImmediate(() => {
          order.push("taken");
          done();
        });
      },
    });
    await new StreamSink(stream).write("x");
    order.push("resolved");
    expect(order).toEqual(["taken", "resolved"]);
  });

  test("a closed pipe is an error of its own, also for every later write and the end", async () => {
    const sink = new StreamSink(failing("EPIPE", -32));
    await expect(sink.write("x")).rejects.toBeInstanceOf(ClosedPipeError);
    await expect(sink.write("y")).rejects.toBeInstanceOf(ClosedPipeError);
    await expect(sink.close()).rejects.toBeInstanceOf(ClosedPipeError);
  });

  test("the reader of a real pipe goes away", async () => {
    const child = spawn("true", { stdio: ["pipe", "ignore", "ignore"] });
    const sink = new StreamSink(child.stdin);
    await new Promise((resolve) => child.on("exit", resolve));
    const flood = async () => {
      for (let i = 0; i < 100; i++) await sink.write("x".repeat(10_000));
    };
    await expect(flood()).rejects.toBeInstanceOf(ClosedPipeError);
  });

  test.each([
    ["EIO of a terminal is a closed one", "EIO", -5, true, "ClosedPipeError", "write stdout: closed"],
    ["EIO of a disk is not", "EIO", -5, false, "BpfkitError", "write stdout: i/o error"],
    ["a full disk", "ENOSPC", -28, false, "BpfkitError", "write stdout: no space left on device"],
  ])("%s", (_name, code, errno, isTTY, name, message) => {
    expect(writeError("stdout", { code, errno }, isTTY)).toMatchObject({ name, message });
  });
});

describe("a file", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bpfkit-sink-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const mode = (path: string) => statSync(path).mode & 0o777;

  test("appears when closed, with the mode the umask leaves, and nothing else does", async () => {
    const path = join(folder, "out.json");
    const sink = openSink(path, process.stdout);
    await sink.write("日本".repeat(50_000));
    await sink.write("end");
    expect(existsSync(path)).toBe(false);
    await sink.close();
    sink[Symbol.dispose]();
    expect(readFileSync(path, "utf8")).toBe(`${"日本".repeat(50_000)}end`);
    expect(readdirSync(folder)).toEqual(["out.json"]);
    expect(mode(path)).toBe(0o666 & ~process.umask());
  });

  test("disposed of before it was closed leaves the old file as it was, and nothing else", async () => {
    const path = join(folder, "out.json");
    writeFileSync(path, "old");
    const sink = openSink(path, process.stdout);
    await sink.write("new".repeat(100_000));
    sink[Symbol.dispose]();
    sink[Symbol.dispose]();
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["out.json"]);
    await expect(sink.close()).rejects.toThrow(`output "${path}" is closed`);
  });

  test("that replaces another keeps its mode", async () => {
    const path = join(folder, "secret.csv");
    writeFileSync(path, "old");
    chmodSync(path, 0o600);
    const sink = openSink(path, process.stdout);
    await sink.close();
    expect(readFileSync(path, "utf8")).toBe("");
    expect(mode(path)).toBe(0o600);
  });

  test("behind a symbolic link is replaced; the link stays", async () => {
    mkdirSync(join(folder, "data"));
    const target = join(folder, "data", "real.json");
    writeFileSync(target, "old");
    symlinkSync("data/real.json", join(folder, "link.json"));
    const sink = openSink(join(folder, "link.json"), process.stdout);
    await sink.write("new");
    await sink.close();
    expect(readlinkSync(join(folder, "link.json"))).toBe("data/real.json");
    expect(readFileSync(target, "utf8")).toBe("new");
  });

  test("behind a link that leads nowhere is made there", async () => {
    symlinkSync("made.json", join(folder, "link.json"));
    const sink = openSink(join(folder, "link.json"), process.stdout);
    await sink.write("new");
    await sink.close();
    expect(readlinkSync(join(folder, "link.json"))).toBe("made.json");
    expect(readFileSync(join(folder, "made.json"), "utf8")).toBe("new");
  });

  test.each([
    ["a folder", "", "is a directory"],
    ["in a folder that does not exist", "none/out.json", "no such file or directory"],
  ])("%s is refused at once", (_name, name, fact) => {
    const path = join(folder, name);
    expect(() => openSink(path, process.stdout)).toThrow(`output "${path}": ${fact}`);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("a device is written to and never replaced", async () => {
    const sink = openSink("/dev/null", process.stdout);
    await sink.write("x");
    await sink.close();
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
  });

  test("a full device is an error that names it", async () => {
    const sink = openSink("/dev/full", process.stdout);
    await expect(sink.write("x")).rejects.toThrow('write "/dev/full": no space left on device');
  });

  test("- is stdout", async () => {
    const chunks: string[] = [];
    const stdout = new Writable({
      write: (chunk, _encoding, done) => {
        chunks.push(String(chunk));
        done();
      },
    });
    const sink = openSink("-", stdout);
    await sink.write("x");
    await sink.close();
    expect(chunks).toEqual(["x"]);
    expect(stdout.writableEnded).toBe(false);
  });
});
