/** Attaches a program that does nothing to each raw tracepoint named, until a signal: the floor of all tracers. */
import { mov } from "../src/asm/alu";
import { exit } from "../src/asm/jump";
import { r0 } from "../src/asm/register";
import { readFacts } from "../src/bpf/facts";
import { Kernel } from "../src/bpf/kernel";
import { Session } from "../src/bpf/session";
import { openLinux } from "../src/sys/linux";

const session = Session.open(new Kernel(openLinux(), readFacts()), {
  maps: [],
  programs: process.argv.slice(2).map((name) => ({
    name: "empty",
    hook: { kind: "raw-tracepoint", name },
    code: [mov(r0, 0), exit()],
  })),
});
const wait = setInterval(() => {}, 1_000_000);
process.once("SIGINT", () => {
  clearInterval(wait);
  session[Symbol.dispose]();
});
