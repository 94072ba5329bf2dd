/** The tables made from `linux/bpf.h`. */
import { enumerations } from "./enums";
import { newerBpf, newerHelpers } from "./newer";
import { macroValue, type Preprocessed } from "./preprocess";
import { frozen } from "./render";

type Entries = Map<string, bigint>;

/** One table: from a named enumeration, from the anonymous one with this member, or from #defines. */
interface Table {
  readonly name: string;
  readonly doc: string;
  readonly from:
    | { readonly enumeration: string }
    | { readonly having: string }
    | { readonly defines: RegExp };
}

const tables: readonly Table[] = [
  { name: "BpfCmd", doc: "Commands of bpf(2).", from: { enumeration: "bpf_cmd" } },
  { name: "MapType", doc: "Map types.", from: { enumeration: "bpf_map_type" } },
  { name: "ProgType", doc: "Program types.", from: { enumeration: "bpf_prog_type" } },
  { name: "AttachType", doc: "Where a program is attached.", from: { enumeration: "bpf_attach_type" } },
  { name: "LinkType", doc: "Link types.", from: { enumeration: "bpf_link_type" } },
  { name: "StatsType", doc: "What BPF_ENABLE_STATS counts.", from: { enumeration: "bpf_stats_type" } },
  {
    name: "TaskFdType",
    doc: "What BPF_TASK_FD_QUERY found behind a descriptor.",
    from: { enumeration: "bpf_task_fd_type" },
  },
  { name: "MapUpdate", doc: "Flags of an update of a map's element.", from: { having: "BPF_NOEXIST" } },
  { name: "MapFlag", doc: "Flags of BPF_MAP_CREATE.", from: { having: "BPF_F_NO_PREALLOC" } },
  {
    name: "ProgFlag",
    doc: "Flags of BPF_PROG_LOAD.",
    from: {
      defines: /^BPF_F_(?:STRICT_ALIGNMENT|ANY_ALIGNMENT|TEST_RND_HI32|TEST_STATE_FREQ|SLEEPABLE|XDP_)/,
    },
  },
  {
    name: "AttachFlag",
    doc: "Flags of BPF_PROG_ATTACH and BPF_PROG_QUERY.",
    from: { defines: /^BPF_F_(?:ALLOW_OVERRIDE|ALLOW_MULTI|REPLACE|QUERY_EFFECTIVE)$/ },
  },
  {
    name: "MultiProbeFlag",
    doc: "Flags of BPF_LINK_CREATE for kprobe.multi and uprobe.multi.",
    from: { defines: /^BPF_F_KPROBE_MULTI_/ },
  },
  {
    name: "TestRunFlag",
    doc: "Flags of BPF_PROG_TEST_RUN.",
    from: { defines: /^BPF_F_TEST_(?:RUN_ON_CPU|XDP_LIVE_FRAMES|SKB_)/ },
  },
  {
    name: "StackFlag",
    doc: "Flags of the helpers get_stackid and get_stack.",
    from: { having: "BPF_F_USER_STACK" },
  },
  {
    name: "PerfEventFlag",
    doc: "Flags of the helpers perf_event_output, perf_event_read and perf_event_read_value.",
    from: { having: "BPF_F_CURRENT_CPU" },
  },
  {
    name: "RingBufferFlag",
    doc: "Flags of the helpers that submit to a ring buffer.",
    from: { having: "BPF_RB_NO_WAKEUP" },
  },
  {
    name: "RingBufferQuery",
    doc: "What the helper ringbuf_query is asked for.",
    from: { having: "BPF_RB_AVAIL_DATA" },
  },
  {
    name: "RingBufferHeader",
    doc: "The header in front of each record of a ring buffer: bits of its length, and its size.",
    from: { having: "BPF_RINGBUF_BUSY_BIT" },
  },
  {
    name: "LocalStorageFlag",
    doc: "Flags of the helpers that get task, inode, socket or cgroup storage.",
    from: { having: "BPF_LOCAL_STORAGE_GET_F_CREATE" },
  },
  {
    name: "PseudoSource",
    doc: "What the source register's field says of the immediate of a wide load or a call.",
    from: { defines: /^BPF_PSEUDO_/ },
  },
  {
    name: "BpfSize",
    doc: "Sizes in bytes of an object's name, a program's tag and a build id.",
    from: { defines: /^BPF_(?:OBJ_NAME_LEN|TAG_SIZE|BUILD_ID_SIZE)$/ },
  },
];

/** Adds what the header is too old for; a different value under the same name is an error. */
export function addNewer(entries: Entries, newer: Readonly<Record<string, number>>): Entries {
  for (const [name, value] of Object.entries(newer)) {
    const old = entries.get(name);
    if (old !== undefined && old !== BigInt(value))
      throw new Error(`newer: "${name}" is ${old} in the header, not ${value}`);
    entries.set(name, BigInt(value));
  }
  return entries;
}

function entriesOf(table: Table, header: Preprocessed): Entries {
  const entries: Entries = new Map();
  const { from } = table;
  if ("defines" in from) {
    for (const name of header.macros.keys())
      if (from.defines.test(name)) entries.set(name, macroValue(header.macros, name) ?? 0n);
  } else {
    const found = enumerations(header).find((candidate) =>
      "enumeration" in from ? candidate.name === from.enumeration : candidate.members.has(from.having),
    );
    // The end markers move with each kernel: they say nothing.
    for (const [name, value] of found?.members ?? [])
      if (!/^(?:__)?MAX_/.test(name)) entries.set(name, value);
  }
  if (entries.size === 0) throw new Error(`bpf.h: nothing found for ${table.name}`);
  return addNewer(entries, newerBpf[table.name] ?? {});
}

/** The body of `src/core/bpf-uapi.ts`. */
export function bpfTables(header: Preprocessed): string {
  return tables.map((table) => frozen(table.name, table.doc, entriesOf(table, header))).join("");
}

/** `map_lookup_elem` as it is written in TypeScript. */
function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The body of `src/asm/helper-table.ts`. */
export function helperTable(header: Preprocessed): string {
  // Up to Linux 6.1 the list is FN(name); later ones hand the number on as well.
  const list = header.functions.get("___BPF_FUNC_MAPPER") ?? header.functions.get("__BPF_FUNC_MAPPER") ?? "";
  const ids: Entries = new Map();
  for (const [, name = "", id] of list.matchAll(/\bFN\(\s*(\w+)\s*(?:,\s*([0-9]+))?/g))
    ids.set(name, BigInt(id ?? ids.size));
  addNewer(ids, newerHelpers);
  ids.delete("unspec");
  const entries = Array.from(ids, ([name, id]): [string, bigint] => [camelCase(name), id]);
  if (new Set(entries.map(([name]) => name)).size < entries.length)
    throw new Error("helpers: two names meet");
  return (
    frozen("helper", "The numbers of the helper functions: `helper.mapLookupElem === 1`.", entries) +
    frozen(
      "helperNames",
      "The kernel's names of the helper functions, without `bpf_`, by number.",
      Array.from(ids, ([name, id]): [number, string] => [Number(id), name]),
      ": Readonly<Record<number, string>>",
    )
  );
}
