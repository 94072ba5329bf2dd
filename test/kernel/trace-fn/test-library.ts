/** A library and a program in C that calls it: known functions with known arguments, as often as the test says. */
import { compiled } from "../../compiled";

const LIBRARY = `
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#define SEEN __attribute__((noinline, noipa))

SEEN int8_t narrow(int8_t a, int16_t b, int32_t c, int64_t d) { return a + b + c + d; }
SEEN uint64_t wide(uint8_t a, uint16_t b, uint32_t c, uint64_t d) { return a + b + c + d; }
SEEN long six(long a, long b, long c, long d, long e, long f) { return a + b + c + d + e + f; }
SEEN long nine(long a, long b, long c, long d, long e, long f, long g, long h, long i) {
  return a + b + c + d + e + f + g + h + i;
}
SEEN long length(const char *text) { return text ? (long)strlen(text) : -1; }
SEEN long bytes(const uint8_t *few, const uint64_t *wide) { return few[0] + (long)wide[0]; }
struct pair { long a, b; };
struct large { long v[3]; };
SEEN long pairs(long n, struct pair p, long m) { return n + p.a + p.b + m; }
SEEN long larges(struct large l, long n) { return l.v[0] + l.v[1] + l.v[2] + n; }
SEEN double half(double x, long n) { return x / n; }
SEEN long factorial(long n) { return n < 2 ? 1 : n * factorial(n - 1); }
SEEN int doze(long ns) {
  struct timespec time = { ns / 1000000000, ns % 1000000000 };
  return nanosleep(&time, 0);
}
static jmp_buf place;
SEEN int leaps(int n) { longjmp(place, n); }
SEEN int lands(int n) { return setjmp(place) ? n : leaps(n); }
SEEN void dies(int n) { *(volatile int *)0 = n; }
`;

const PROGRAM = `
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
int8_t narrow(int8_t, int16_t, int32_t, int64_t);
uint64_t wide(uint8_t, uint16_t, uint32_t, uint64_t);
long six(long, long, long, long, long, long);
long nine(long, long, long, long, long, long, long, long, long);
long length(const char *);
long bytes(const uint8_t *, const uint64_t *);
struct pair { long a, b; };
struct large { long v[3]; };
long pairs(long, struct pair, long);
long larges(struct large, long);
double half(double, long);
long factorial(long);
int doze(long);
int lands(int);
void dies(int);

/* Sockets of any type connect, or are refused, which is no matter. */
static void connects(void) {
  struct sockaddr_in in = { AF_INET, htons(4711), { htonl(0x7f000007) } };
  struct sockaddr_in6 in6 = { AF_INET6, htons(4712), 0, { { { [15] = 7 } } } };
  struct sockaddr_un path = { AF_UNIX, "/made/up/for/the/test" }, abstract = { AF_UNIX, "\\0made up" };
  struct sockaddr_nl netlink = { AF_NETLINK, 0, 4713, 0 };
  struct { void *address; socklen_t length; } all[] = {
    { &in, sizeof in }, { &in6, sizeof in6 }, { &path, sizeof path },
    { &abstract, offsetof(struct sockaddr_un, sun_path) + 8 }, { &netlink, sizeof netlink },
  };
  for (int i = 0; i < 5; i++) {
    int fd = socket(((struct sockaddr *)all[i].address)->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    connect(fd, all[i].address, all[i].length);
    close(fd);
  }
  umask(027);
}

/* Sockets of their own accept, and ask for addresses; some have none to give. */
static void accepts(void) {
  struct sockaddr_storage given;
  struct sockaddr *address = (struct sockaddr *)&given;
  struct sockaddr_in in = { AF_INET, 0, { htonl(0x7f000007) } };
  struct sockaddr_un un = { AF_UNIX, "\0server of the test" }, named = { AF_UNIX, "\0client of the test" };
  socklen_t length = sizeof given, unix_length = offsetof(struct sockaddr_un, sun_path) + 19;
  char byte = 'x';
  int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
  bind(server, (void *)&in, sizeof in);
  listen(server, 1);
  getsockname(server, address, &length);
  connect(client, address, length);
  length = sizeof given;
  int accepted = accept(server, address, &length);
  getpeername(accepted, address, &length);
  getsockname(client, address, &length);
  getpeername(server, address, &length);
  write(client, &byte, 1);
  recvfrom(accepted, &byte, 1, 0, address, &length);
  int unix_server = socket(AF_UNIX, SOCK_STREAM, 0);
  bind(unix_server, (void *)&un, unix_length);
  listen(unix_server, 2);
  for (int has_name = 0; has_name < 2; has_name++) {
    client = socket(AF_UNIX, SOCK_STREAM, 0);
    if (has_name) bind(client, (void *)&named, unix_length);
    connect(client, (void *)&un, unix_length);
    length = sizeof given;
    accept4(unix_server, address, &length, SOCK_CLOEXEC);
  }
  int datagrams = socket(AF_INET, SOCK_DGRAM, 0);
  bind(datagrams, (void *)&in, sizeof in);
  length = sizeof given;
  getsockname(datagrams, address, &length);
  for (int i = 0; i < 2; i++) sendto(datagrams, &byte, 1, 0, address, length);
  recvfrom(datagrams, &byte, 1, 0, address, &length);
  recvfrom(datagrams, &byte, 1, 0, 0, 0);
}

static void call(const char *what, long n) {
  if (!strcmp(what, "narrow")) narrow(-5, -300, -70000, -5000000000L);
  if (!strcmp(what, "wide")) wide(251, 65521, 4294967291u, 18446744073709551557u);
  if (!strcmp(what, "six")) six(1, 2, 3, 4, 5, 6);
  if (!strcmp(what, "nine")) nine(1, 2, 3, 4, 5, 6, 7, 8, 9);
  if (!strcmp(what, "length")) length("hello, \\"world\\"");
  if (!strcmp(what, "nothing")) length(0);
  if (!strcmp(what, "connects")) connects();
  if (!strcmp(what, "accepts")) accepts();
  if (!strcmp(what, "bytes")) bytes((uint8_t[]){1, 0, 255, 16}, (uint64_t[]){7, 18446744073709551557u});
  if (!strcmp(what, "pairs")) pairs(11, (struct pair){-13, 17}, 19);
  if (!strcmp(what, "larges")) larges((struct large){{23, -29, 31}}, 37);
  if (!strcmp(what, "half")) half(0.5, n);
  if (!strcmp(what, "escape")) length("\\033[31mred\\n");
  if (!strcmp(what, "factorial")) factorial(n);
  if (!strcmp(what, "doze")) doze(n);
  if (!strcmp(what, "lands")) lands(n);
  if (!strcmp(what, "dies")) dies(n);
}

struct work { const char *what; long times, n; };

static void *repeat(void *given) {
  struct work *work = given;
  for (long i = 0; i < work->times; i++) call(work->what, work->n);
  return 0;
}

/* WHAT TIMES [N] …; "threads COUNT" does the rest of a step in so many threads at once; "wait" waits for a byte. */
int main(int argc, char **argv) {
  int threads = 0;
  for (int i = 1; i < argc;) {
    if (!strcmp(argv[i], "threads")) { threads = atoi(argv[i + 1]); i += 2; continue; }
    if (!strcmp(argv[i], "wait")) { char byte; if (read(0, &byte, 1) != 1) return 1; i++; continue; }
    struct work work = { argv[i], atol(argv[i + 1]), i + 2 < argc ? atol(argv[i + 2]) : 0 };
    pthread_t started[16];
    if (threads == 0) repeat(&work);
    for (int t = 0; t < threads; t++) pthread_create(&started[t], 0, repeat, &work);
    for (int t = 0; t < threads; t++) pthread_join(started[t], 0);
    i += 3;
  }
}
`;

const FLAGS = ["-O1", "-pthread"];

const program = (name: string, ...more: readonly string[]) =>
  compiled(PROGRAM, { name, flags: [...FLAGS, ...more, testLibrary.library] });

/** Files, each compiled when it is first asked for. */
export const testLibrary = {
  get library(): string {
    return compiled(LIBRARY, { name: "libtraced.so", flags: [...FLAGS, "-shared", "-fPIC"] });
  },
  get program(): string {
    return program("program");
  },
  /** The program without its names. */
  get stripped(): string {
    return program("stripped", "-s");
  },
  /** A file that is no program. */
  get text(): string {
    return `${this.library}.c`;
  },
};
