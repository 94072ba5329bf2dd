/** Small programs in C that the tests compile: ways to execute that no shell has. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SOURCES = {
  /** vfork and execve, as often as the first argument says; then a failed execve each. */
  vforker: `
    #include <unistd.h>
    #include <stdlib.h>
    #include <sys/wait.h>
    int main(int n, char **v) {
      for (int i = atoi(v[1]); i > 0; i--) {
        pid_t p = vfork();
        if (p == 0) {
          char *a[] = {"nothing", 0};
          execv("/does/not/exist", a);
          execv("/etc/passwd", a);
          execv(v[2], a);
          _exit(127);
        }
        waitpid(p, 0, 0);
      }
    }`,
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
} as const;

/** Where the compiled programs are; `remove` takes them away. */
export type Programs = Readonly<Record<keyof typeof SOURCES | "folder", string>> & { remove(): void };

/** Compiles them with the machine's compiler. */
export function compilePrograms(): Programs {
  const folder = mkdtempSync(join(tmpdir(), "proc-count-"));
  const paths = Object.entries(SOURCES).map(([name, source]) => {
    const path = join(folder, name);
    writeFileSync(`${path}.c`, source);
    execFileSync("gcc", ["-O1", "-w", "-pthread", "-o", path, `${path}.c`]);
    return [name, path];
  });
  const remove = () => rmSync(folder, { recursive: true, force: true });
  return { ...Object.fromEntries(paths), folder, remove } as Programs;
}
