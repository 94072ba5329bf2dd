/** The kernel's names of the numbers bpf(2) takes and returns. */
import { AttachType, BpfCmd, LinkType, MapType, ProgType } from "./bpf-uapi";

type Numbers = Readonly<Record<string, number>>;

/** The first name with this number: of two names for one, the older stands first. */
function nameIn(table: Numbers, number: number): string | undefined {
  return Object.keys(table).find((name) => table[name] === number);
}

/** The name of a command of bpf(2): `bpfCmdName(0) === "BPF_MAP_CREATE"`. */
export function bpfCmdName(cmd: number): string | undefined {
  return nameIn(BpfCmd, cmd);
}

/** The name of a map type: `mapTypeName(5) === "BPF_MAP_TYPE_PERCPU_HASH"`. */
export function mapTypeName(type: number): string | undefined {
  return nameIn(MapType, type);
}

/** The name of a program type: `progTypeName(2) === "BPF_PROG_TYPE_KPROBE"`. */
export function progTypeName(type: number): string | undefined {
  return nameIn(ProgType, type);
}

/** The name of an attach type: `attachTypeName(24) === "BPF_TRACE_FENTRY"`. */
export function attachTypeName(type: number): string | undefined {
  return nameIn(AttachType, type);
}

/** The name of a link type: `linkTypeName(7) === "BPF_LINK_TYPE_PERF_EVENT"`. */
export function linkTypeName(type: number): string | undefined {
  return nameIn(LinkType, type);
}
