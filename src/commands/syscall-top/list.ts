/** The table of system calls that `--list` prints. Pure. */
import { wholeText } from "../../output/figures";
import type { Report } from "../../output/report";
import { type Abi, compatAbis, syscallName, syscallTable } from "../../symbols/syscalls";
import type { SyscallSelection } from "../../symbols/syscalls/select";

interface ListRow {
  readonly abi: Abi;
  readonly nr: number;
  readonly syscall: string;
}

/** The calls of this architecture that are selected: the native ones first, each ABI by number. */
export function listReport(native: Abi, selection: SyscallSelection | undefined, at: Date): Report<ListRow> {
  const rows = [native, ...compatAbis(native)].flatMap((abi) =>
    Object.keys(syscallTable(abi))
      .map(Number)
      .filter((nr) => selection?.of(abi).includes(nr) ?? true)
      .map((nr) => ({ abi, nr, syscall: syscallName(abi, nr) })),
  );
  return {
    startedAt: at,
    endedAt: at,
    durationNs: 0,
    columns: [
      { title: "abi", key: "abi", text: (row) => row.abi, json: (row) => row.abi },
      { title: "nr", key: "nr", align: "right", text: (row) => wholeText(row.nr), json: (row) => row.nr },
      { title: "syscall", key: "syscall", text: (row) => row.syscall, json: (row) => row.syscall },
    ],
    rows,
    totals: { rows: rows.length },
    footer: [],
    lost: {},
  };
}
