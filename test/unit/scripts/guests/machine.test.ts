import { execFileSync } from "node:child_process";
import { lastLines } from "../../../../scripts/guests/boot";
import { cpioArchive } from "../../../../scripts/guests/cpio";
import { guestEnvironment } from "../../../../scripts/guests/environment";
import { commandScript } from "../../../../scripts/guests/exchange";
import { kernelByName } from "../../../../scripts/guests/kernels";
import { type Machine, qemuCommand } from "../../../../scripts/guests/qemu";

describe("the machine", () => {
  const machine: Machine = {
    architecture: "amd64",
    vmlinuz: "/k",
    initramfs: "/i",
    shares: [
      { tag: "root", path: "/" },
      { tag: "exchange", path: "/tmp/a,b", writable: true },
    ],
    memoryMiB: 1024,
    console: { file: "/c" },
  };
  const argumentsAfter = (option: string, of = machine) => {
    const { args } = qemuCommand(of);
    return args.flatMap((word, at) => (word === option ? [args[at + 1]] : []));
  };

  test("shares are read-only unless they say otherwise, and commas are doubled", () => {
    expect(argumentsAfter("-virtfs")).toEqual([
      "local,path=/,mount_tag=root,security_model=none,multidevs=remap,readonly=on",
      "local,path=/tmp/a,,b,mount_tag=exchange,security_model=none,multidevs=remap",
    ]);
  });

  test.each([
    ["amd64", "qemu-system-x86_64", "console=ttyS0"],
    ["arm64", "qemu-system-aarch64", "console=ttyAMA0"],
  ] as const)("%s: %s, %s, never hardware virtualization", (architecture, program, console) => {
    const of = { ...machine, architecture };
    expect(qemuCommand(of).program).toBe(program);
    expect(argumentsAfter("-append", of)[0]).toContain(console);
    expect(argumentsAfter("-accel", of)).toEqual(["tcg,thread=single"]);
  });

  test("the console is a file, or the terminal with Ctrl-C as a key", () => {
    expect(argumentsAfter("-chardev")).toEqual(["file,path=/c,id=console"]);
    expect(argumentsAfter("-chardev", { ...machine, console: "terminal" })).toEqual([
      "stdio,signal=off,id=console",
    ]);
  });
});

describe("the command's script", () => {
  test("arguments, environment and folder arrive as they are", () => {
    const words = ["printf", "<%s>", "a b", "it's", "$HOME", "*", "", "two\nlines", "$X"];
    const script = commandScript({ cwd: "/", environment: { X: 'quote\'s "and" $' }, words });
    const text = execFileSync("sh", ["-c", `${script}`], { encoding: "utf8" });
    expect(text).toBe("<a b><it's><$HOME><*><><two\nlines><$X>");
    const variable = commandScript({
      cwd: "/",
      environment: { X: "it's $" },
      words: ["sh", "-c", 'echo "$X $PWD"'],
    });
    expect(execFileSync("sh", ["-c", variable], { encoding: "utf8" })).toBe("it's $ /\n");
  });

  test("the environment holds what steers bpfkit and nothing else of the host", () => {
    const host = {
      BPFKIT_X: "1",
      TERM: "dumb",
      NODE_EXTRA_CA_CERTS: "/x",
      HOME: "/home/me",
      BPFKIT_GUEST: "wrong",
    };
    const environment = guestEnvironment(kernelByName("6.12"), host);
    expect(environment).toMatchObject({
      BPFKIT_X: "1",
      TERM: "dumb",
      HOME: "/root",
      BPFKIT_GUEST: "6.12",
      BPFKIT_REQUIRE_KERNEL: "1",
    });
    expect(environment).not.toHaveProperty("NODE_EXTRA_CA_CERTS");
  });
});

test("an initramfs is a newc archive with every part on a multiple of four bytes", () => {
  const archive = cpioArchive([
    { path: "bin", mode: 0o040755 },
    { path: "bin/x", mode: 0o100755, content: Buffer.from("12345") },
  ]);
  const field = (at: number, index: number) =>
    Number.parseInt(archive.toString("latin1", at + 6 + 8 * index, at + 14 + 8 * index), 16);
  const found: [string, number, string][] = [];
  for (let at = 0; at < archive.length; ) {
    expect(archive.toString("latin1", at, at + 6)).toBe("070701");
    const nameAt = at + 110;
    const contentAt = (nameAt + field(at, 11) + 3) & ~3;
    const end = contentAt + field(at, 6);
    found.push([
      archive.toString("latin1", nameAt, nameAt + field(at, 11) - 1),
      field(at, 1),
      archive.toString("latin1", contentAt, end),
    ]);
    at = (end + 3) & ~3;
  }
  expect(found).toEqual([
    ["bin", 0o040755, ""],
    ["bin/x", 0o100755, "12345"],
    ["TRAILER!!!", 0, ""],
  ]);
});

test("a console's end is shown without escape sequences and empty lines", () => {
  expect(lastLines("its console", "\x1bc\x1b[?7l\x1b[2Jone\r\n\r\ntwo\r\nthree\r\n", 2)).toBe(
    "\nlast lines of its console:\n  | two\n  | three",
  );
  expect(lastLines("its console", undefined)).toBe("\nits console shows nothing");
});
