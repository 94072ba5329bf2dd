/** Programs of our own, that say where their functions are and wait. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { MappingHistory } from "../../../src/symbols/mapping-history";
import { UserSymbols } from "../../../src/symbols/user-symbols";
import { Workshop } from "../../unit/symbols/compiled";
import { kernelTest } from "../kernel-test";

const source = `
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>
int in_library(int) __attribute__((weak));
static __attribute__((noinline)) int hidden(int x) { return x * 3; }
__attribute__((noinline)) int visible(int x) { return hidden(x) + 1; }
int main(void) {
  void *anonymous = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  printf("%d %p %p %p %p %p\\n", getpid(), (void *)hidden, (void *)visible, (void *)in_library, anonymous,
         (void *)getauxval(AT_SYSINFO_EHDR));
  fflush(stdout);
  getchar();
  return visible(1);
}`;

const workshop = new Workshop();
const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  workshop[Symbol.dispose]();
});

interface Waiting {
  /** As it knows itself. */
  readonly pid: number;
  /** The number of what was started. */
  readonly started: number;
  readonly hidden: bigint;
  readonly visible: bigint;
  readonly inLibrary: bigint;
  readonly anonymous: bigint;
  readonly vdso: bigint;
  end(): Promise<void>;
}

/** Starts a program and reads where its functions are. */
async function start(program: string, ...args: string[]): Promise<Waiting> {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  children.add(child);
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const [pid, ...addresses] = line.split(" ");
  const [hidden, visible, inLibrary, anonymous, vdso] = addresses.map((text) =>
    BigInt(text === "(nil)" ? 0 : text),
  ) as [bigint, bigint, bigint, bigint, bigint];
  const end = async () => {
    const closed = once(child, "close");
    child.stdin.end();
    await closed;
    children.delete(child);
  };
  return { pid: Number(pid), started: child.pid as number, hidden, visible, inLibrary, anonymous, vdso, end };
}

/** `name+offset module`, or why there is no name. */
function shown(symbols: UserSymbols, pid: number, address: bigint): string {
  const { name, offset, module, unnamed } = symbols.lookup(pid, address);
  return name === undefined ? `${unnamed} ${module}` : `${name}+${offset} ${module}`;
}

describe.each([
  ["pie-O0", ["-O0", "-pie"]],
  ["pie-O3", ["-O3", "-pie"]],
  ["no-pie", ["-O2", "-no-pie"]],
  ["static", ["-O1", "-static"]],
  ["static-pie", ["-O1", "-static-pie"]],
  ["low-linked", ["-O1", "-no-pie", "-Wl,-Ttext-segment=0x10000000"]],
])("a program made with %s", (name, flags) => {
  kernelTest(["program:gcc"], "is named, static functions too", async () => {
    const program = workshop.compile(name, source, ...flags);
    using symbols = new UserSymbols();
    const target = await start(program);
    expect(shown(symbols, target.pid, target.hidden)).toBe(`hidden+0 ${program}`);
    expect(shown(symbols, target.pid, target.visible + 1n)).toBe(`visible+1 ${program}`);
    await target.end();
  });
});

kernelTest(
  ["program:gcc", "perf-event"],
  "a process that has ended before anybody looked at it is named",
  async ({ kernel }) => {
    const program = workshop.compile("ends", source, "-O1");
    using history = new MappingHistory(kernel.watchMappings());
    for (const command of [`exec ${program}`, `${program}; true`]) {
      const target = await start("sh", "-c", command);
      await target.end();
      using symbols = new UserSymbols({ history });
      expect(shown(symbols, target.pid, target.visible + 1n)).toBe(`visible+1 ${program}`);
      using unknowing = new UserSymbols();
      expect(shown(unknowing, target.pid, target.visible + 1n)).toBe("exited undefined");
    }
  },
);

/** What it maps, it is to run, and each time the kernel tells of it. */
const MAPS = 20_000;
const mapping = `
#include <sys/mman.h>
int main(void) {
  for (int i = 0; i < ${MAPS}; i++) munmap(mmap(0, 4096, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
}`;

kernelTest(
  ["program:gcc", "perf-event"],
  "what processes map faster than anybody looks is counted as lost",
  async ({ kernel }) => {
    const program = workshop.compile("maps", mapping);
    using history = new MappingHistory(kernel.watchMappings());
    expect(history.lost).toBe(0);
    let runs = 0;
    // A ring tells of it with the next event, and there is one for each processor.
    while (history.lost === 0 && runs < 9) {
      expect(spawnSync(program).status).toBe(0);
      expect(history.filled).toBeGreaterThan(0.9);
      history.catchUp();
      expect(history.filled).toBeLessThan(0.1);
      runs++;
    }
    expect(history.lost).toBeGreaterThan(0);
    expect(history.lost).toBeLessThan(runs * (MAPS + 100));
  },
);

kernelTest(["program:gcc"], "a shared library is named by its own file", async () => {
  const library = workshop.compile("libhere.so", "int in_library(int x) { return x; }", "-shared", "-fPIC");
  const program = workshop.compile(
    "linked",
    source,
    "-Wl,--no-as-needed",
    library,
    `-Wl,-rpath,${workshop.folder}`,
  );
  using symbols = new UserSymbols();
  const target = await start(program);
  expect(shown(symbols, target.pid, target.inLibrary)).toBe(`in_library+0 ${library}`);
  expect(shown(symbols, target.pid, target.hidden)).toBe(`hidden+0 ${program}`);
  await target.end();
});

kernelTest(
  ["program:gcc"],
  "a process that has ended is still named, one never heard of is not",
  async () => {
    const program = workshop.compile("ending", source);
    using symbols = new UserSymbols();
    const target = await start(program);
    symbols.process(target.pid);
    await target.end();
    expect(shown(symbols, target.pid, target.hidden)).toBe(`hidden+0 ${program}`);
    expect(symbols.process(target.pid).refresh()).toBe(false);
    expect(shown(symbols, target.pid, target.visible)).toBe(`visible+0 ${program}`);
    using others = new UserSymbols();
    expect(shown(others, target.pid, target.hidden)).toBe("exited undefined");
  },
);

kernelTest(["program:gcc"], "a deleted program is read from its mapping", async () => {
  const program = workshop.compile("deleted", source);
  const target = await start(program);
  rmSync(program);
  using symbols = new UserSymbols();
  expect(shown(symbols, target.pid, target.hidden)).toBe(`hidden+0 ${program}`);
  await target.end();
});

kernelTest(["program:gcc"], "a file in the way of a deleted one is not taken for it", async () => {
  const program = workshop.compile("replaced", source);
  const target = await start(program);
  rmSync(program);
  workshop.compile("replaced", source.replaceAll("hidden", "imposter"));
  using symbols = new UserSymbols();
  expect(shown(symbols, target.pid, target.hidden)).toBe(`hidden+0 ${program}`);
  await target.end();
});

kernelTest(
  ["program:gcc"],
  "a stripped program's own functions are unnamed, with the place in it and the reason",
  async () => {
    const program = workshop.compile("stripped", source, "-s", "-no-pie");
    using symbols = new UserSymbols();
    const target = await start(program);
    expect(symbols.lookup(target.pid, target.hidden)).toEqual({
      name: undefined,
      module: program,
      offset: Number(target.hidden),
      unnamed: "stripped",
    });
    await target.end();
  },
);

kernelTest(["program:gcc"], "a program in a mount namespace of its own is found there", async () => {
  const program = workshop.compile("inside", source);
  const private_ = workshop.path("private");
  const script = `mkdir -p ${private_} && mount -t tmpfs none ${private_} && cp ${program} ${private_}/only-here && exec ${private_}/only-here`;
  using symbols = new UserSymbols();
  const target = await start("unshare", "-m", "sh", "-c", script);
  expect(shown(symbols, target.pid, target.hidden)).toBe(`hidden+0 ${private_}/only-here`);
  await target.end();
});

kernelTest(["program:gcc"], "the vdso is read from memory", async () => {
  const target = await start(workshop.compile("vdso", source));
  using symbols = new UserSymbols();
  const found = symbols.process(target.pid).moduleAt(target.vdso);
  if (found === undefined || typeof found.module === "string") throw new Error("no vdso");
  const [call] = found.module.named(
    process.arch === "x64" ? "__vdso_clock_gettime" : "__kernel_clock_gettime",
  );
  const address = target.vdso + BigInt(call?.address ?? 0);
  expect(shown(symbols, target.pid, address)).toMatch(/clock_gettime\+0 \[vdso\]$/);
  await target.end();
});

kernelTest(
  ["program:gcc"],
  "code made at run time is named by its map, and says so without one",
  async () => {
    const target = await start(workshop.compile("jit", source));
    using symbols = new UserSymbols();
    expect(shown(symbols, target.pid, target.anonymous)).toBe("run-time code [anon]");
    const map = `/tmp/perf-${target.pid}.map`;
    workshop.run("sh", "-c", `echo '${target.anonymous.toString(16)} 40 JS:*made /srv/app.js:3:15' > ${map}`);
    using later = new UserSymbols();
    const found = later.lookup(target.pid, target.anonymous + 5n);
    rmSync(map);
    expect(found).toMatchObject({ name: "made", module: "[jit]", offset: 5, unnamed: undefined });
    expect(found.code).toMatchObject({ file: "/srv/app.js", line: 3, column: 15, tier: "optimized" });
    await target.end();
  },
);

kernelTest(
  ["program:gcc"],
  "a map is found by the number that its process has in its own namespace",
  async () => {
    const program = workshop.compile("contained", source);
    const script = `mount -t tmpfs none /run && cp ${program} /run && mount -t tmpfs none /tmp && exec /run/contained`;
    const target = await start("unshare", "-m", "-p", "-f", "sh", "-c", script);
    expect(target.pid).toBe(1);
    const [outside] = readFileSync(`/proc/${target.started}/task/${target.started}/children`, "utf8").split(
      " ",
    );
    const pid = Number(outside);
    using symbols = new UserSymbols();
    expect(shown(symbols, pid, target.hidden)).toBe("hidden+0 /run/contained");
    writeFileSync(`/proc/${pid}/root/tmp/perf-1.map`, `${target.anonymous.toString(16)} 40 made inside\n`);
    expect(shown(symbols, pid, target.anonymous + 1n)).toBe("made inside+1 [jit]");
    await target.end();
  },
);

kernelTest(["program:gcc"], "a map that another user has put there is not believed", async () => {
  const target = await start(workshop.compile("forged", source));
  const map = `/tmp/perf-${target.pid}.map`;
  workshop.run("sh", "-c", `echo '${target.anonymous.toString(16)} 40 forged' > ${map}; chown 65534 ${map}`);
  using symbols = new UserSymbols();
  const found = shown(symbols, target.pid, target.anonymous);
  rmSync(map);
  expect(found).toBe("run-time code [anon]");
  await target.end();
});

kernelTest(["program:gcc"], "an address in no map, and the flag for a Node without one", () => {
  using symbols = new UserSymbols();
  expect(shown(symbols, process.pid, 16n)).toBe("unmapped undefined");
  const anonymous = symbols.process(process.pid).mapped.find(({ mapping }) => mapping.kind === "anonymous");
  if (anonymous === undefined) throw new Error("this Node has no code of its own");
  expect(shown(symbols, process.pid, BigInt(anonymous.mapping.start))).toBe("node without a map [anon]");
});
