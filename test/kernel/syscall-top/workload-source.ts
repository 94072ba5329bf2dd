/**
 * A C program that makes the system calls its arguments name and, static as it is, few others. Each argument is a
 * step; `t`, `f`, `v` and `e` do the rest elsewhere:
 *
 *     c:NR:TIMES:ARG   the call NR, with ARG as its first argument
 *     i:NR:TIMES       the same by `int 0x80` (x86-64 only)
 *     s:NS             nanosleep
 *     r                wait for a byte on stdin
 *     w                write a byte to stdout
 *     a:CPU            run on this processor only
 *     n:NAME           change the thread's name
 *     t                do the rest in a new thread, and wait for it
 *     f · v            do the rest in a forked child · a vforked one, by execve; and wait for it
 *     e                do the rest after an execve
 */
export const workloadSource = `
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char *self;
extern char **environ;

static long field(const char *step, int n) {
  while (n-- > 0) {
    step = strchr(step, ':');
    if (!step) return 0;
    step++;
  }
  return strtol(step, 0, 0);
}

static void again(char **rest) {
  rest[-1] = self;
  execve(self, rest - 1, environ);
  _exit(99);
}

static void run(char **steps);

static void *thread(void *steps) {
  run(steps);
  return 0;
}

static void run(char **steps) {
  for (; *steps; steps++) {
    const char *step = *steps;
    long nr = field(step, 1), times = field(step, 2), arg = field(step, 3);
    char byte = '.';
    pthread_t other;
    pid_t child;
    switch (*step) {
    case 'c':
      for (long i = 0; i < times; i++) syscall(nr, arg, 0, 0, 0);
      break;
#ifdef __x86_64__
    case 'i':
      for (long i = 0; i < times; i++) {
        long result;
        __asm__ volatile("int $0x80" : "=a"(result) : "a"(nr), "b"(0) : "memory", "r8", "r9", "r10", "r11");
      }
      break;
#endif
    case 's': {
      struct timespec time = { nr / 1000000000, nr % 1000000000 };
      syscall(SYS_nanosleep, &time, 0);
      break;
    }
    case 'r':
      if (read(0, &byte, 1) != 1) _exit(98);
      break;
    case 'w':
      if (write(1, &byte, 1) != 1) _exit(97);
      break;
    case 'a': {
      cpu_set_t set;
      CPU_ZERO(&set);
      CPU_SET(nr, &set);
      if (sched_setaffinity(0, sizeof set, &set)) _exit(96);
      break;
    }
    case 'n':
      prctl(PR_SET_NAME, step + 2);
      break;
    case 't':
      if (pthread_create(&other, 0, thread, steps + 1)) _exit(95);
      pthread_join(other, 0);
      return;
    case 'f':
      child = fork();
      if (child == 0) { run(steps + 1); _exit(0); }
      waitpid(child, 0, 0);
      return;
    case 'v':
      child = vfork();
      if (child == 0) again(steps + 1);
      waitpid(child, 0, 0);
      return;
    case 'e':
      again(steps + 1);
    }
  }
}

int main(int argc, char **argv) {
  self = getenv("WORKLOAD");
  run(argv + 1);
  return 0;
}
`;

/** A 32-bit program without a library: 17 × getpid, 11 × getppid, exit. */
export const i386Source = `
static long call(long number) {
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(0) : "memory");
  return result;
}
void _start(void) {
  for (int i = 0; i < 17; i++) call(20);
  for (int i = 0; i < 11; i++) call(64);
  call(1);
}
`;
