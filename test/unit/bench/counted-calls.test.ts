import { parseBpfkit, parseBpftrace, parseSyscount } from "../../../bench/counted-calls";

describe("reads and writes counted by", () => {
  test("bpfkit, in all groups", () => {
    const rows = [
      { comm: "dd", syscall: "read", count: 7 },
      { comm: "dd", syscall: "write", count: 5 },
      { comm: "sh", syscall: "read", count: 3 },
      { comm: "sh", syscall: "pread64", count: 100 },
    ];
    expect(parseBpfkit(JSON.stringify({ rows }))).toBe(15);
  });

  test("bpfkit, grouped without the call", () => {
    expect(parseBpfkit('{"rows":[{"pid":1,"count":7},{"pid":2,"count":4}]}')).toBe(11);
  });

  test.each([
    ["counts", "SYSCALL    COUNT\nread       2000011\nwrite           13\npwrite64        17\n", 2_000_024],
    ["times", "SYSCALL    COUNT        TIME (us)\nwrite         7       614064.273\nread   4    6.667\n", 11],
    ["nothing", "Tracing syscalls, printing top 10... Ctrl+C to quit.\n[01:11:01]\n", 0],
  ])("syscount, %s", (_name, table, expected) => expect(parseSyscount(table)).toBe(expected));

  test("bpftrace, by number", () => {
    const names: Record<number, string> = { 0: "read", 1: "write", 17: "pread64" };
    const text = "Attaching 1 probe...\n\n@[17]: 1000\n@[1]: 10358\n@[0]: 10369\n";
    expect(parseBpftrace(text, (number) => names[number] ?? "")).toBe(20_727);
  });
});
