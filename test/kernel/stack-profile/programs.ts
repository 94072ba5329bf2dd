/** C programs whose stacks are known. */
import { compiled } from "../../compiled";

/**
 * Loops of the same body, 60, 30 and 10 of a hundred, in registers: memory is not equally fast everywhere. A round is short against the run and long against the time
 * between two samples, so that neither noise nor chance moves the shares. Ends after `argv[1]` ms of processor time.
 */
const shares = `
#include <stdlib.h>
#include <time.h>
static volatile unsigned long sink;
__attribute__((noinline)) void begun(void) { sink++; }
#define HOT(name, hundredths) __attribute__((noinline)) void name(void) { \\
  unsigned long x = 1; begun(); \\
  for (unsigned long i = 0; i < hundredths * 200000UL; i++) { x = x * 5 + i; __asm__ volatile("" : "+r"(x)); } \\
  sink += x; }
HOT(hot_sixty, 60)
HOT(hot_thirty, 30)
HOT(hot_ten, 10)
__attribute__((noinline)) void outer(void) { hot_sixty(); hot_thirty(); sink++; }
__attribute__((noinline)) void inner(void) { hot_ten(); sink++; }
__attribute__((noinline)) void work(void) { outer(); inner(); sink++; }
int main(int argc, char **argv) {
  clock_t end = clock() + atol(argv[1]) * (CLOCKS_PER_SEC / 1000);
  do work(); while (clock() < end);
  return argc > 99;
}`;

/** Sleeps: `long_sleep` seven times 60 ms, `short_sleep` eleven times 5 ms; prints how many ns each took in all. */
const sleeps = `
#include <stdio.h>
#include <time.h>
#include <sys/syscall.h>
#include <unistd.h>
static volatile int sink;
static long now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000000L + t.tv_nsec; }
/* A system call of its own: the C library's wrapper has no frame pointer. */
#if defined(__x86_64__)
#define NAP(t) ({ long r; __asm__ volatile("syscall" : "=a"(r) : "0"(35L), "D"(t), "S"(0L) : "rcx", "r11", "memory"); r; })
#else
#define NAP(t) ({ register long n __asm__("x8") = 101; register long a __asm__("x0") = (long)(t); \\
  register long b __asm__("x1") = 0; __asm__ volatile("svc 0" : "+r"(a) : "r"(n), "r"(b) : "memory"); a; })
#endif
__attribute__((noinline)) void begun(void) { sink++; }
__attribute__((noinline)) void long_sleep(void) { begun(); struct timespec t = { 0, 60000000 }; NAP(&t); sink++; }
__attribute__((noinline)) void short_sleep(void) { begun(); struct timespec t = { 0, 5000000 }; NAP(&t); sink++; }
int main(void) {
  long a = now();
  for (int i = 0; i < 7; i++) long_sleep();
  long b = now();
  for (int i = 0; i < 11; i++) short_sleep();
  long c = now();
  printf("%ld %ld\\n", b - a, c - b);
  return 0;
}`;

/**
 * A thread that waits eleven times for a byte, which the first thread sends when it sees it asleep. System calls of its
 * own, as above.
 */
const wakes = `
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
static volatile int sink;
static volatile int waiter;
static int ends[2];
#if defined(__x86_64__)
static inline __attribute__((always_inline)) long io(long n, long fd, char *c) { long r;
  __asm__ volatile("syscall" : "=a"(r) : "0"(n), "D"(fd), "S"(c), "d"(1L) : "rcx", "r11", "memory"); return r; }
#else
static inline __attribute__((always_inline)) long io(long nr, long fd, char *c) {
  register long n __asm__("x8") = nr; register long a __asm__("x0") = fd; register char *b __asm__("x1") = c;
  register long d __asm__("x2") = 1; __asm__ volatile("svc 0" : "+r"(a) : "r"(n), "r"(b), "r"(d) : "memory"); return a; }
#endif
__attribute__((noinline)) void begun(void) { sink++; }
__attribute__((noinline)) void wait_byte(void) { char c; begun(); io(SYS_read, ends[0], &c); sink++; }
__attribute__((noinline)) void send_byte(void) { char c = 1; begun(); io(SYS_write, ends[1], &c); sink++; }
static int asleep(void) {
  char path[64], text[256] = ""; snprintf(path, sizeof path, "/proc/self/task/%d/stat", waiter);
  FILE *file = fopen(path, "r"); if (!file) return 0;
  size_t length = fread(text, 1, sizeof text - 1, file); fclose(file);
  char *end = length ? strrchr(text, ')') : 0; return end && end[2] == 'S';
}
static void *receive(void *arg) {
  waiter = syscall(SYS_gettid);
  for (int i = 0; i < 11; i++) wait_byte();
  return arg;
}
int main(void) {
  pthread_t thread;
  if (pipe(ends) != 0) return 1;
  pthread_create(&thread, 0, receive, 0);
  for (int i = 0; i < 11; i++) {
    do usleep(2000); while (waiter == 0 || !asleep());
    usleep(2000);
    send_byte();
  }
  pthread_join(thread, 0);
  return 0;
}`;

/**
 * For each byte of its input 53 calls of getppid, each by a way of its own, and ends with one through `end_0` to `end_7`,
 * the next each time. System calls of its own, as above.
 */
const paths = `
#include <sys/syscall.h>
#include <unistd.h>
static volatile int sink;
#if defined(__x86_64__)
#define ASK() ({ long r; __asm__ volatile("syscall" : "=a"(r) : "0"(110L) : "rcx", "r11", "memory"); r; })
#else
#define ASK() ({ register long n __asm__("x8") = 173; register long a __asm__("x0"); \\
  __asm__ volatile("svc 0" : "=r"(a) : "r"(n) : "memory"); a; })
#endif
#define NOINLINE __attribute__((noinline))
NOINLINE void begun(void) { sink++; }
NOINLINE void ask(void) { begun(); ASK(); sink++; }
NOINLINE void turn(unsigned way, int left);
NOINLINE void one(unsigned way, int left) { turn(way >> 1, left - 1); sink++; }
NOINLINE void other(unsigned way, int left) { turn(way >> 1, left - 1); sink++; }
NOINLINE void turn(unsigned way, int left) {
  if (left == 0) ask(); else if (way & 1) one(way, left); else other(way, left);
  sink++;
}
#define END(n) NOINLINE void end_##n(void) { ask(); sink++; }
END(0) END(1) END(2) END(3) END(4) END(5) END(6) END(7)
int main(void) {
  static void (*const ends[])(void) = { end_0, end_1, end_2, end_3, end_4, end_5, end_6, end_7 };
  char c;
  for (unsigned batch = 0; batch < 8 && read(0, &c, 1) == 1; batch++) {
    for (unsigned i = 0; i < 52; i++) turn(batch * 52 + i, 9);
    ends[batch]();
  }
  while (read(0, &c, 1) == 1) sink++;
  return 0;
}`;

/** Two threads with names of their own that compute until `argv[1]` ms of the process's time are over. */
const threads = `
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
static volatile unsigned long sink[2];
static clock_t end;
#define SPIN(name, place) __attribute__((noinline)) void *name(void *arg) { \\
  while (clock() < end) for (unsigned long i = 0; i < 3000000UL; i++) sink[place] += i; return arg; }
SPIN(spin_left, 0)
SPIN(spin_right, 1)
int main(int argc, char **argv) {
  pthread_t left, right;
  end = clock() + atol(argv[1]) * (CLOCKS_PER_SEC / 1000);
  pthread_create(&left, 0, spin_left, 0);
  pthread_create(&right, 0, spin_right, 0);
  pthread_setname_np(left, "bk-left");
  pthread_setname_np(right, "bk-right");
  pthread_join(left, 0);
  pthread_join(right, 0);
  return argc > 99;
}`;

/**
 * A mutex that the first thread holds seven times for at least 60 ms after it has seen the other one asleep, waiting for
 * it in `wait_lock`; prints how many ns the other one spent there in all.
 */
const locks = `
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t held, over;
static volatile int waiter, tries;
static long now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000000L + t.tv_nsec; }
__attribute__((noinline)) void wait_lock(void) { tries++; pthread_mutex_lock(&mutex); tries++; }
static int asleep(void) {
  char path[64], text[256] = ""; snprintf(path, sizeof path, "/proc/self/task/%d/stat", waiter);
  FILE *file = fopen(path, "r"); if (!file) return 0;
  size_t length = fread(text, 1, sizeof text - 1, file); fclose(file);
  char *end = length ? strrchr(text, ')') : 0; return end && end[2] == 'S';
}
static void *want(void *arg) {
  long waited = 0;
  waiter = syscall(SYS_gettid);
  for (int i = 0; i < 7; i++) {
    pthread_barrier_wait(&held);
    long begin = now();
    wait_lock();
    waited += now() - begin;
    pthread_mutex_unlock(&mutex);
    pthread_barrier_wait(&over);
  }
  printf("%ld\\n", waited);
  return arg;
}
int main(void) {
  pthread_t thread;
  pthread_barrier_init(&held, 0, 2);
  pthread_barrier_init(&over, 0, 2);
  pthread_create(&thread, 0, want, 0);
  for (int i = 0; i < 7; i++) {
    pthread_mutex_lock(&mutex);
    pthread_barrier_wait(&held);
    do usleep(1000); while (tries != 2 * i + 1 || !asleep());
    usleep(60000);
    pthread_mutex_unlock(&mutex);
    pthread_barrier_wait(&over);
  }
  pthread_join(thread, 0);
  return 0;
}`;

/** Runs itself `argv[1]` times, one after the other; each time `burn` takes `argv[2]` ms of processor time. */
const brief = `
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
static volatile unsigned long sink;
__attribute__((noinline)) void burn(void) {
  unsigned long x = 1;
  for (unsigned long i = 0; i < 500000UL; i++) { x = x * 5 + i; __asm__ volatile("" : "+r"(x)); }
  sink += x;
}
int main(int argc, char **argv) {
  if (argc == 2) {
    clock_t end = clock() + atol(argv[1]) * (CLOCKS_PER_SEC / 1000);
    do burn(); while (clock() < end);
    return 0;
  }
  for (int i = 0; i < atoi(argv[1]); i++) {
    int status = 1;
    pid_t child = fork();
    if (child == 0) { execl(argv[0], argv[0], argv[2], (char *)0); _exit(1); }
    if (waitpid(child, &status, 0) != child || status != 0) return 1;
  }
  return 0;
}`;

/** Calls getppid until `argv[1]` ms of processor time are over. */
const asks = `
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int main(int argc, char **argv) {
  clock_t end = clock() + atol(argv[1]) * (CLOCKS_PER_SEC / 1000);
  do for (int i = 0; i < 1000; i++) syscall(SYS_getppid); while (clock() < end);
  return argc > 99;
}`;

/** Spends its time in two thousand instructions of one function that is called from one place, for `argv[1]` ms. For x86-64. */
const lengthy = `
#include <stdlib.h>
#include <time.h>
#define X4(a) a a a a
static volatile unsigned long sink;
__attribute__((noinline)) void leaf(void) { sink++; }
__attribute__((noinline)) void lengthy(void) { leaf(); unsigned long x = sink; X4(X4(X4(X4(X4(__asm__ volatile("imul $5, %0, %0\\nadd $1, %0" : "+r"(x));))))) sink += x; }
int main(int argc, char **argv) { for (clock_t end = clock() + atol(argv[1]) * 1000; clock() < end;) for (int i = 0; i < 1000; i++) lengthy(); return 0; }`;

const sources = { shares, lengthy, sleeps, threads, wakes, paths, locks, brief, asks } as const;
export type ProgramName = keyof typeof sources;

/**
 * Frame pointers, and no call that becomes a jump: so the kernel can walk these stacks. gcc gives none to functions that
 * call no others, whatever it is told, and the walk passes over their callers: what is to be seen must call something.
 */
export const WITH_FRAME_POINTERS = ["-O1", "-fno-optimize-sibling-calls", "-fno-omit-frame-pointer"] as const;

/** The path of a program, compiled with these flags, under a name of its own: at most 15 letters. */
export function program(
  name: ProgramName,
  flags: readonly string[] = WITH_FRAME_POINTERS,
  as = `bk-${name}`,
): string {
  return compiled(sources[name], { name: as, flags: [...flags, "-pthread"] });
}
