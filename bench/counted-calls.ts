/** What tracers say they have counted: the reads and writes in their output, which the workload is made of. Pure. */

function isOfWorkload(name: string): boolean {
  return name === "read" || name === "write";
}

interface BpfkitRow {
  readonly syscall?: string;
  readonly count: number;
}

/** From bpfkit's JSON document. Grouped by something else than the call, all calls count. */
export function parseBpfkit(json: string): number {
  const { rows } = JSON.parse(json) as { rows: readonly BpfkitRow[] };
  return rows
    .filter(({ syscall }) => syscall === undefined || isOfWorkload(syscall))
    .reduce((sum, { count }) => sum + count, 0);
}

/** From the table of libbpf-tools' syscount: name, count, perhaps the time. */
export function parseSyscount(table: string): number {
  const rows = table.matchAll(/^(\w+)\s+(\d+)(?:\s+[\d.]+)?\s*$/gm);
  return sumOf([...rows].map(([, name, count]) => [name as string, Number(count)]));
}

/** From a map of bpftrace's by number: `@[0]: 2000000`. */
export function parseBpftrace(text: string, nameOf: (number: number) => string): number {
  const rows = text.matchAll(/^@\[(\d+)\]: (\d+)\s*$/gm);
  return sumOf([...rows].map(([, number, count]) => [nameOf(Number(number)), Number(count)]));
}

function sumOf(rows: readonly (readonly [name: string, count: number])[]): number {
  return rows.filter(([name]) => isOfWorkload(name)).reduce((sum, [, count]) => sum + count, 0);
}
