/**
 * A program that a timer interrupts at random places. Its handler writes down what a sample has, registers and stack,
 * and what libgcc's unwinder makes of the same moment.
 */

/** Written to descriptor 3 for each sample, in words: registers, bytes of stack, the stack, frames, their addresses. */
export const recorderSource = `
#define _GNU_SOURCE
#include <alloca.h>
#include <execinfo.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))
extern void *__libc_stack_end;
static volatile sig_atomic_t wanted;
static volatile unsigned sink;
static unsigned seed = 7;
static unsigned next_random(void) { seed = seed * 1103515245u + 12345u; return seed >> 8; }

#ifdef __x86_64__
#define WORDS 21
static void registers(const ucontext_t *at, uint64_t *to) {
  static const int order[WORDS] = {REG_R15, REG_R14, REG_R13, REG_R12, REG_RBP, REG_RBX, REG_R11, REG_R10, REG_R9,
    REG_R8, REG_RAX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, -1, REG_RIP, -1, -1, REG_RSP, -1};
  for (int i = 0; i < WORDS; i++) to[i] = order[i] < 0 ? 0 : (uint64_t)at->uc_mcontext.gregs[order[i]];
}
#define SP 19
#define PC 16
#else
#define WORDS 34
static void registers(const ucontext_t *at, uint64_t *to) {
  memcpy(to, at->uc_mcontext.regs, 31 * 8);
  to[31] = at->uc_mcontext.sp; to[32] = at->uc_mcontext.pc; to[33] = 0;
}
#define SP 31
#define PC 32
#endif

static void put(const void *from, size_t size) {
  const char *at = from;
  while (size > 0) { ssize_t n = write(3, at, size); if (n <= 0) _exit(4); at += n; size -= n; }
}

static NOINLINE void record(const uint64_t *regs, void *const *pcs, uint64_t count) {
  uint64_t size = (uint64_t)__libc_stack_end + 64 - regs[SP];
  put(regs, WORDS * 8);
  put(&size, 8);
  put((void *)regs[SP], size);
  put(&count, 8);
  put(pcs, count * 8);
}

static void arm(void) {
  struct itimerval once = {{0, 0}, {0, 50 + next_random() % 400}};
  setitimer(ITIMER_REAL, &once, 0);
}

static void on_timer(int number, siginfo_t *info, void *context) {
  void *pcs[700];
  uint64_t regs[WORDS];
  ucontext_t here;
  if (wanted <= 0) return;
  int count = backtrace(pcs, 700), from = 0;
  registers(context, regs);
  while (from < count && (uint64_t)pcs[from] != regs[PC]) from++;
  record(regs, pcs + from, count - from);
  getcontext(&here);
  registers(&here, regs);
  pcs[0] = (void *)regs[PC];
  record(regs, pcs, count);
  if (--wanted > 0) arm();
}

static NOINLINE unsigned leaf(unsigned n) { unsigned x = n; for (unsigned i = 0; i < 50; i++) x = x * 31 + (x >> 3); return x; }
static NOINLINE unsigned pushes(unsigned a, unsigned b, unsigned c, unsigned d) {
  unsigned x = leaf(a), y = leaf(b), z = leaf(c), w = leaf(d);
  for (unsigned i = 0; i < 20; i++) { x += leaf(y); y ^= leaf(z); z -= leaf(w); w += leaf(x ^ a); }
  return x + y + z + w + b + c + d;
}
static NOINLINE unsigned shrink_wrapped(unsigned n) { return n % 3 == 0 ? n : pushes(n, n + 1, n + 2, n + 3) + n; }
static NOINLINE unsigned with_alloca(unsigned n) {
  char *space = alloca(16 + n % 2000);
  memset(space, n, 16 + n % 2000);
  return leaf(space[n % 16]) + shrink_wrapped(n);
}
static NOINLINE unsigned realigned(unsigned n) {
  _Alignas(128) char room[256];
  char *more = alloca(n % 100 + 8);
  memset(room, n, sizeof room); memset(more, n, 8);
  return leaf(room[n % 256]) + with_alloca(n + more[n % 8]);
}
static NOINLINE unsigned recursive(unsigned depth, unsigned n) {
  if (depth == 0) return realigned(n);
  unsigned x = n & 1 ? recursive(depth - 1, n / 2) : leaf(recursive(depth - 1, n * 3 + 1));
  return x + leaf(x);
}
static int compare(const void *a, const void *b) {
  return (int)(leaf(*(const unsigned *)a) % 1000) - (int)(leaf(*(const unsigned *)b) % 1000);
}
static NOINLINE void sorts(void) {
  unsigned values[64];
  for (int i = 0; i < 64; i++) values[i] = next_random();
  qsort(values, 64, sizeof *values, compare);
  sink += values[5];
}
static NOINLINE void library(void) {
  char text[200];
  for (int i = 0; i < 20; i++) {
    snprintf(text, sizeof text, "%d %s %f", i, "words", i / 7.0);
    sink += strtod(text, 0) + strlen(text);
    char *copy = strdup(text); sink += copy[0]; free(copy);
  }
}
static NOINLINE void clock_calls(void) {
  struct timespec now;
  for (int i = 0; i < 200; i++) { clock_gettime(CLOCK_MONOTONIC, &now); sink += now.tv_nsec; }
}
static jmp_buf back;
static NOINLINE __attribute__((noreturn)) void leaves(unsigned n) { sink += pushes(n, 1, 2, 3); longjmp(back, 1); }
/* Its last instruction is a call that never returns. */
static NOINLINE void ends_with_a_call(unsigned n) { sink += leaf(n); leaves(n); }
static NOINLINE void jumps(unsigned n) { if (setjmp(back) == 0) ends_with_a_call(n); }
static void on_usr1(int number) { sink += pushes(number, 2, 3, 4); library(); }
static NOINLINE void signals(void) { raise(SIGUSR1); }

int main(int argc, char **argv) {
  void *warm[4];
  backtrace(warm, 4);
  struct sigaction action = {0};
  action.sa_sigaction = on_timer;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigaction(SIGALRM, &action, 0);
  signal(SIGUSR1, on_usr1);
  wanted = atoi(argv[1]);
  arm();
  while (wanted > 0) {
    unsigned n = next_random();
    switch (n % 8) {
      case 0: sink += recursive(n / 8 % 120, n); break;
      case 1: sorts(); break;
      case 2: library(); break;
      case 3: clock_calls(); break;
      case 4: jumps(n); break;
      case 5: signals(); break;
      case 6: sink += realigned(n); break;
      default: for (int i = 0; i < 50; i++) sink += shrink_wrapped(n + i);
    }
  }
  close(3);
  char byte;
  return read(0, &byte, 1) < 0;
}
`;
