/** A program that does so much of what the dashboard counts, and waits before and after. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { compiled } from "../../compiled";
import { until, untilIn } from "../syscall-top/workload";

/**
 * Steps are a letter and a number, `r7:o1009:e0`. What they need is prepared first. It reads a byte from stdin before them and writes one to stdout
 * after them, then reads another.
 */
const source = `
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void *nothing(void *p) { return p; }

static int bound(int type, struct sockaddr_in *to) {
  socklen_t size = sizeof *to;
  int s = socket(AF_INET, type, 0);
  memset(to, 0, size);
  to->sin_family = AF_INET;
  to->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(s, (void *)to, size) || getsockname(s, (void *)to, &size)) _exit(90);
  return s;
}

static void *block;
static int disk = -1;

/* A file whose blocks are on the disk already: to write them again takes no request of the file system's own. */
static void prepare(char letter, int n) {
  char name[] = "dash-XXXXXX";
  if (letter != 'd') return;
  if (posix_memalign(&block, 4096, 4096)) _exit(89);
  memset(block, 0, 4096);
  disk = mkostemp(name, O_DIRECT);
  unlink(name);
  for (int i = 0; i < n; i++) if (pwrite(disk, block, 4096, 4096L * i) != 4096) _exit(88);
  if (fsync(disk)) _exit(87);
}

static void run(char letter, int n, char *self) {
  static char bytes[64];
  struct iovec parts[2] = {{bytes, 5}, {bytes, 6}};
  struct sockaddr_in to;
  int s;
  switch (letter) {
  case 'o': /* opens without closing */
    for (int i = 0; i < n; i++) if (open("/dev/null", O_RDONLY) < 0) _exit(91);
    break;
  case 'c': /* closes of them, from 10 on */
    for (int i = 0; i < n; i++) if (close(10 + i)) _exit(92);
    break;
  case 'x': /* opens that fail */
    for (int i = 0; i < n; i++) open("/does/not/exist", O_RDONLY);
    break;
  case 'r': /* reads of 7 bytes */
    s = open("/dev/zero", O_RDONLY);
    for (int i = 0; i < n; i++) if (read(s, bytes, 7) != 7) _exit(93);
    break;
  case 'w': /* writes of 11 bytes, in two parts */
    s = open("/dev/null", O_WRONLY);
    for (int i = 0; i < n; i++) if (writev(s, parts, 2) != 11) _exit(94);
    break;
  case 'u': /* packets of 13 bytes over loopback */
    s = bound(SOCK_DGRAM, &to);
    for (int i = 0; i < n; i++) if (sendto(s, bytes, 13, 0, (void *)&to, sizeof to) != 13) _exit(95);
    break;
  case 't': /* TCP connections over loopback */
    s = bound(SOCK_STREAM, &to);
    listen(s, 8);
    for (int i = 0; i < n; i++) {
      int one = socket(AF_INET, SOCK_STREAM, 0);
      if (connect(one, (void *)&to, sizeof to)) _exit(96);
      int other = accept(s, 0, 0);
      close(one);
      close(other);
    }
    break;
  case 'm': { /* first touches of pages */
    long page = sysconf(_SC_PAGESIZE);
    char *memory = mmap(0, n * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) _exit(97);
    madvise(memory, n * page, MADV_NOHUGEPAGE);
    for (int i = 0; i < n; i++) memory[i * page] = 1;
    break;
  }
  case 'f': /* processes that end at once */
    for (int i = 0; i < n; i++) {
      pid_t p = fork();
      if (p == 0) _exit(0);
      waitpid(p, 0, 0);
    }
    break;
  case 'h': /* threads that end at once */
    for (int i = 0; i < n; i++) {
      pthread_t t;
      if (pthread_create(&t, 0, nothing, 0)) _exit(98);
      pthread_join(t, 0);
    }
    break;
  case 'e': /* programs that end at once */
    for (int i = 0; i < n; i++) {
      pid_t p = fork();
      if (p == 0) { execl(self, self, (char *)0); _exit(99); }
      waitpid(p, 0, 0);
    }
    break;
  case 's': /* naps */
    for (int i = 0; i < n; i++) {
      struct timespec time = {0, 100000};
      nanosleep(&time, 0);
    }
    break;
  case 'd': /* blocks of 4096 bytes straight to the disk */
    for (int i = 0; i < n; i++) if (pwrite(disk, block, 4096, 4096L * i) != 4096) _exit(88);
    break;
  }
}

int main(int argc, char **argv) {
  char byte;
  if (argc < 2) return 0;
  for (char *at = argv[1]; at; at = strchr(at, ':') ? strchr(at, ':') + 1 : 0) prepare(*at, atoi(at + 1));
  while (dup(0) < 9);
  if (read(0, &byte, 1) != 1) return 1;
  for (char *step = strtok(argv[1], ":"); step; step = strtok(0, ":")) run(*step, atoi(step + 1), argv[0]);
  if (write(1, ".", 1) != 1) return 2;
  return read(0, &byte, 1) != 1;
}
`;

const living = new Set<ChildProcess>();

/** For afterAll: ends what a failed test has left behind. */
export function endWorkloads(): void {
  for (const child of living) child.kill("SIGKILL");
}

/** A workload that waits to be told. */
export interface Workload {
  readonly pid: number;
  /** Does its steps, and returns when it waits again. */
  work(): Promise<void>;
  end(): Promise<void>;
}

const NAME = "dash-load";

/** The workload's file, for those who start it in their own way. */
export function workloadFile(): string {
  return compiled(source, { name: NAME, flags: ["-O1", "-static", "-pthread"] });
}

/** Starts the workload under a command name of its own, through `launcher` if there is one, which becomes it. */
export async function started(steps: string, launcher: readonly string[] = []): Promise<Workload> {
  const [file = "", ...args] = [...launcher, workloadFile(), steps];
  const child = spawn(file, args, { cwd: dirname(workloadFile()), stdio: ["pipe", "pipe", "inherit"] });
  living.add(child);
  child.once("exit", () => living.delete(child));
  await once(child, "spawn");
  const pid = child.pid as number;
  await until("the workload is started", () => readFileSync(`/proc/${pid}/comm`, "utf8") === `${NAME}\n`);
  await untilIn(pid, "read");
  return {
    pid,
    work: async () => {
      const done = Promise.race([
        once(child.stdout, "data"),
        once(child, "exit").then(([code]) => {
          throw new Error(`the workload ended with ${code}`);
        }),
      ]);
      child.stdin.write(".");
      await done;
      await untilIn(pid, "read");
    },
    end: async () => {
      const ended = once(child, "exit");
      child.stdin.write(".");
      await ended;
    },
  };
}
