/** Work on all processors that sees for itself how much of its time interrupts take: the same from second to second. */
import { type ChildProcess, spawn } from "node:child_process";
import { availableParallelism } from "node:os";

/**
 * Looks at the clock again and again, which takes 0.2 µs: when more has passed, the processor was elsewhere. What takes
 * longer than 0.3 ms is another program's turn, or another machine's on the same hardware, and left out. Each quarter of
 * a second it says how many percent of it were taken. Sorts within sorts: perl, which keeps no frame pointers, calls itself
 * for each, so that there are some 35 frames, with more on the stack than is copied of it.
 */
const WATCHER = `
use Time::HiRes qw(clock_gettime); $| = 1;
sub watch {
  my ($then, $now, $past, $taken) = (clock_gettime(1), 0, 0, 0);
  for (my $end = $then + 0.25;; $end += 0.25) {
    $taken = 0;
    while ($then < $end) {
      $now = clock_gettime(1); $past = $now - $then; $then = $now;
      $taken += $past if $past > 2.5e-6 and $past < 3e-4;
    }
    printf "%.4f\\n", 100 * $taken / 0.25;
  }
}
sub within { my $depth = shift; watch() if $depth == 0; my @sorted = sort { within($depth - 1); 0 } 1, 2; }
within(6);`;

export class WatchedWork {
  /** Percent of a processor's time that interrupts took, by quarters of seconds of all processors. */
  readonly shares: number[] = [];
  private readonly children: ChildProcess[] = [];

  /** `perl` is the program. */
  constructor(perl: string) {
    for (let i = 0; i < availableParallelism(); i++) {
      const child = spawn(perl, ["-e", WATCHER], { stdio: ["ignore", "pipe", "inherit"] });
      let rest = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        const lines = (rest + text).split("\n");
        rest = lines.pop() as string;
        this.shares.push(...lines.map(Number));
      });
      this.children.push(child);
    }
    process.on("exit", this.end);
  }

  readonly end = (): void => {
    process.off("exit", this.end);
    for (const child of this.children) child.kill("SIGKILL");
  };
}
