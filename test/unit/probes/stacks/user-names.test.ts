/** Processes that change what they have mapped: the own one and children, as /proc shows them. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { UserNames } from "../../../../src/probes/stacks/user-names";
import { type MappingEvent, MappingHistory } from "../../../../src/symbols/mapping-history";

let child: ChildProcess;
afterEach(() => child.kill("SIGKILL"));

/** A shell that becomes another program when it is told to. */
async function shell(): Promise<{ pid: number; become(): Promise<void> }> {
  child = spawn("sh", ["-c", "echo; read line; exec cat"], { stdio: ["pipe", "pipe", "ignore"] });
  const { stdin, stdout, pid } = child;
  await once(stdout as NodeJS.ReadableStream, "data");
  return {
    pid: pid as number,
    become: async () => {
      // The second line comes back from cat.
      stdin?.write("\nx\n");
      await once(stdout as NodeJS.ReadableStream, "data");
    },
  };
}

function names(): { names: UserNames; events: MappingEvent[] } {
  const events: MappingEvent[] = [];
  const source = { drain: () => events.splice(0), filled: 0, lost: 0, [Symbol.dispose]() {} };
  return { names: new UserNames((name) => name, new MappingHistory(source)), events };
}

const mapped = (pid: number): MappingEvent => ({
  ...{ kind: "map", pid, start: 16, end: 32, offset: 0, device: "08:01", inode: 7n, name: "/x" },
});

test("a process is looked at again when its stacks say that it has mapped something else", async () => {
  const { pid, become } = await shell();
  using all = names().names;
  const code = all.code(pid, "sh", 5n);
  const { generation } = code;
  // Each look is later than the one before.
  for (let i = 0; i < 20; i++) all.code(pid, "sh", 5n);
  await become();
  expect(all.code(pid, "sh", 6n)).toBe(code);
  expect(code.generation).not.toBe(generation);
});

test("and when the kernel tells of it", async () => {
  const { pid, become } = await shell();
  const { names: all, events } = names();
  using _ = all;
  const code = all.code(pid, "sh", 5n);
  for (let i = 0; i < 20; i++) all.code(pid, "sh", 5n);
  const { generation } = code;
  await become();
  all.catchUp();
  expect(code.generation).toBe(generation);
  events.push(mapped(pid));
  all.catchUp();
  expect(code.generation).not.toBe(generation);
});

test("one whose stacks nobody unwinds has time", async () => {
  const { pid, become } = await shell();
  const { names: all, events } = names();
  using _ = all;
  const code = all.code(pid, "sh", 0n);
  const { generation } = code;
  await become();
  events.push(mapped(pid));
  all.catchUp();
  expect(code.generation).toBe(generation);
});
