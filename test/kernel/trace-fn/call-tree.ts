/** A program in C whose calls are known, and which lives as long as the test wants. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { compiled } from "../../compiled";

const SOURCE = `
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#define SEEN __attribute__((noinline, noipa))
static volatile int sink;

SEEN void leaf(int n) { sink += n; }
SEEN void middle(int n) { leaf(n); sink++; }
SEEN void other(int n) { leaf(n); sink++; }
/* deep(n) is n + 1 calls of itself, with a leaf at the bottom. */
SEEN void deep(int n) { if (n > 0) deep(n - 1); else leaf(n); sink++; }
SEEN void outer(int n) { for (int i = 0; i < n; i++) middle(i); sink++; }

static jmp_buf place;
/* jumps out of two calls at once */
SEEN void leaps(int n) { leaf(n); longjmp(place, 1); }
SEEN void above(int n) { leaps(n); sink++; }
SEEN void lands(int n) { if (!setjmp(place)) above(n); leaf(n); sink++; }
SEEN void dies(int n) { leaf(n); *(volatile int *)0 = n; }
SEEN void root(int n) { outer(n); deep(n); sink++; }

/* Of these one takes its time. */
SEEN void naps(int n) { leaf(n); if (n == 1) usleep(60000); }
SEEN void rests(int n) { naps(n); leaf(n); sink++; }

static void *in_thread(void *given) { for (long i = 0; i < (long)given; i++) root(3); return 0; }

static void run(const char *what) {
  if (!strcmp(what, "chain")) { outer(101); for (int i = 0; i < 13; i++) other(i); for (int i = 0; i < 7; i++) deep(4); }
  if (!strcmp(what, "tree")) for (int i = 0; i < 11; i++) root(3);
  if (!strcmp(what, "jumps")) for (int i = 0; i < 7; i++) lands(i);
  if (!strcmp(what, "dies")) { root(2); dies(1); }
  if (!strcmp(what, "naps")) for (int i = 0; i < 3; i++) rests(i);
  if (!strcmp(what, "threads")) {
    pthread_t threads[3];
    for (long t = 0; t < 3; t++) pthread_create(&threads[t], 0, in_thread, (void *)5L);
    for (int t = 0; t < 3; t++) pthread_join(threads[t], 0);
  }
}

/* Does what it is told when it reads a byte, says so, and ends at the end of its input. */
int main(int argc, char **argv) {
  char byte;
  if (read(0, &byte, 1) != 1) return 1;
  for (int i = 1; i < argc; i++) run(argv[i]);
  if (write(1, "done", 4) != 4) return 1;
  return read(0, &byte, 1) != 0;
}
`;

/** Frame pointers where gcc gives any: not to functions that call nothing. */
const WITH = ["-O1", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls"];
const WITHOUT = ["-O2", "-fomit-frame-pointer", "-fno-optimize-sibling-calls"];

const tree = (name: string, flags: readonly string[]) =>
  compiled(SOURCE, { name, flags: [...flags, "-g0", "-pthread"] });

/** The program, with frame pointers or without; each is compiled when it is first asked for. */
export const callTree = {
  get fp(): string {
    return tree("tree", WITH);
  },
  get dwarf(): string {
    return tree("tree-bare", WITHOUT);
  },
};

/** The program, waiting to be told to begin. */
export class Waiting implements Disposable {
  private readonly child: ChildProcess;

  constructor(file: string, ...what: readonly string[]) {
    this.child = spawn(file, what, { stdio: ["pipe", "pipe", "ignore"] });
  }

  get pid(): number {
    const { pid } = this.child;
    if (pid === undefined) throw new Error("the program did not start");
    return pid;
  }

  /** Lets it do everything. It lives on, unless it dies of it. */
  async run(): Promise<void> {
    const told = Promise.race([once(this.child.stdout!, "data"), once(this.child, "exit")]);
    this.child.stdin!.write("x");
    await told;
  }

  [Symbol.dispose](): void {
    this.child.kill("SIGKILL");
  }
}
