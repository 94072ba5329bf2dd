/** Small programs in C that the tests compile: ways to execute that no shell has. */
import { compiled } from "../../compiled";

const SOURCES = {
  /** As often as the first argument says: vfork, two attempts that fail, the second with its own source, and an execve. */
  vforker: `
    #include <stdio.h>
    #include <unistd.h>
    #include <stdlib.h>
    #include <sys/wait.h>
    int main(int n, char **v) {
      char source[4096];
      snprintf(source, sizeof source, "%s.c", v[0]);
      for (int i = atoi(v[1]); i > 0; i--) {
        pid_t p = vfork();
        if (p == 0) {
          char *a[] = {"nothing", 0};
          execv("/does/not/exist", a);
          execv(source, a);
          execv(v[2], a);
          _exit(127);
        }
        waitpid(p, 0, 0);
      }
    }`,
  /**
   * Attempts that fail: 11 of execve, 5 of execveat, 3 with a path that nobody can read. munmap, which fails too, has
   * the number that execve has in 32-bit programs.
   */
  failer: `
    #define _GNU_SOURCE
    #include <fcntl.h>
    #include <sys/mman.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    int main(void) {
      char *none[] = {0};
      for (int i = 0; i < 11; i++) execve("/does/not/exist", none, none);
      for (int i = 0; i < 5; i++) syscall(SYS_execveat, AT_FDCWD, "/nor/does/this", none, none, 0);
      for (int i = 0; i < 3; i++) execve((char *)1, none, none);
      for (int i = 0; i < 13; i++) munmap((void *)1, 1);
    }`,
  /** The same as a 32-bit program. */
  failer32: `
    static int go(int nr, int a, const void *b, const void *c, const void *d) {
      __asm__ volatile("int $0x80" : "+a"(nr) : "b"(a), "c"(b), "d"(c), "S"(d), "D"(0) : "memory");
      return nr;
    }
    void _start(void) {
      const char *none[] = {0};
      for (int i = 0; i < 11; i++) go(11, (int)"/does/not/exist", none, none, 0);
      for (int i = 0; i < 5; i++) go(358, -100, "/nor/does/this", none, none);
      for (int i = 0; i < 3; i++) go(11, 1, none, none, 0);
      go(1, 0, 0, 0, 0);
    }`,
  /** So many processes at once that each vfork and execute the third argument so often. */
  storm: `
    #include <stdlib.h>
    #include <sys/wait.h>
    #include <unistd.h>
    int main(int n, char **v) {
      for (int i = atoi(v[1]); i > 0; i--)
        if (fork() == 0) {
          for (int j = atoi(v[2]); j > 0; j--) {
            pid_t p = vfork();
            if (p == 0) {
              execv(v[3], v + 3);
              _exit(127);
            }
            waitpid(p, 0, 0);
          }
          _exit(0);
        }
      while (wait(0) > 0);
    }`,
  /** An execve without a single argument. */
  bare: `
    #include <unistd.h>
    int main(int n, char **v) { char *none[] = {0}; execve(v[1], none, none); return 1; }`,
  /** fexecve of the second argument. */
  fexecer: `
    #define _GNU_SOURCE
    #include <fcntl.h>
    #include <unistd.h>
    #include <stdlib.h>
    #include <sys/wait.h>
    extern char **environ;
    int main(int n, char **v) {
      for (int i = atoi(v[1]); i > 0; i--) {
        pid_t p = fork();
        if (p == 0) {
          char *a[] = {"by-descriptor", 0};
          fexecve(open(v[2], O_RDONLY), a, environ);
          _exit(127);
        }
        waitpid(p, 0, 0);
      }
    }`,
  /** A thread that is not the first one executes. */
  threader: `
    #include <pthread.h>
    #include <unistd.h>
    static char **words;
    static void *go(void *p) { (void)p; execv(words[1], words + 1); return 0; }
    static void *idle(void *p) { (void)p; for (;;) pause(); }
    int main(int n, char **v) {
      pthread_t t;
      words = v;
      for (int i = 0; i < 4; i++) pthread_create(&t, 0, idle, 0);
      pthread_create(&t, 0, go, 0);
      for (;;) pause();
    }`,
  /** So many threads that each count so far; then memory of so many MiB, all of it written; then this status. */
  worker: `
    #include <pthread.h>
    #include <stdlib.h>
    static long steps;
    static void *spin(void *p) { for (volatile long i = 0; i < steps; i++); return p; }
    int main(int n, char **v) {
      int count = atoi(v[1]);
      pthread_t t[64];
      steps = atol(v[2]);
      for (int i = 0; i < count; i++) pthread_create(t + i, 0, spin, 0);
      for (int i = 0; i < count; i++) pthread_join(t[i], 0);
      long size = atol(v[3]) << 20;
      volatile char *m = malloc(size + 1);
      for (long i = 0; i < size; i += 512) m[i] = 1;
      return atoi(v[4]);
    }`,
  /** For each byte that comes it makes some of everything that is billed, using the file of its first argument. */
  doer: `
    #define _GNU_SOURCE
    #include <fcntl.h>
    #include <sched.h>
    #include <stdlib.h>
    #include <sys/mman.h>
    #include <unistd.h>
    static char block[1 << 16];
    int main(int n, char **v) {
      char c;
      while (read(0, &c, 1) == 1) {
        int fd = open(v[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
        for (int i = 0; i < 47; i++) write(fd, block, sizeof block);
        fsync(fd);
        posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        lseek(fd, 0, SEEK_SET);
        while (read(fd, block, sizeof block) > 0);
        close(fd);
        char *m = mmap(0, 31 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        for (long i = 0; i < 31 << 20; i += 4096) m[i] = 1;
        munmap(m, 31 << 20);
        for (int i = 0; i < 43; i++) usleep(100);
        for (volatile long i = 0; i < 20000000; i++);
        write(1, &c, 1);
      }
    }`,
  /** Ends at once; without a library it starts in no time. */
  nothing: `
    void _start(void) {
    #ifdef __x86_64__
      __asm__ volatile("mov $60, %eax; xor %edi, %edi; syscall");
    #else
      __asm__ volatile("mov x8, #93; mov x0, #0; svc #0");
    #endif
    }`,
} as const;

const FLAGS: Readonly<Partial<Record<keyof typeof SOURCES, readonly string[]>>> = {
  nothing: ["-static", "-nostdlib"],
  failer32: ["-m32", "-static", "-nostdlib", "-fno-pic", "-no-pie", "-fno-stack-protector"],
};

/** The path of a program that is compiled when it is first asked for, which is best done before anything is counted. */
export function program(name: keyof typeof SOURCES): string {
  return compiled(SOURCES[name], { name, flags: ["-O1", "-w", ...(FLAGS[name] ?? ["-pthread"])] });
}
