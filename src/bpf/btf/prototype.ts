import type { Btf } from "./btf";
import { BtfError } from "./error";
import type { FuncProtoType, Param } from "./type";

/** What a kernel function takes and returns. */
export interface Prototype {
  readonly name: string;
  /** The function's type id: the attach_btf_id of fentry and fexit programs. */
  readonly id: number;
  readonly params: readonly Param[];
  /** Type id of what it returns; 0 is void. */
  readonly returns: number;
  /** True when `...` follows the parameters. */
  readonly variadic: boolean;
}

/** A tracepoint as BPF_TRACE_RAW_TP programs see it. */
export interface RawTracepoint {
  /** Id of the typedef `btf_trace_NAME`: the program's attach_btf_id. */
  readonly id: number;
  /** What the program's context holds, 8 bytes each. Names are "" where BTF has none. */
  readonly params: readonly Param[];
}

function prototypeType(btf: Btf, id: number): FuncProtoType {
  const type = btf.resolve(id);
  if (type.kind !== "func_proto") throw new BtfError(`BTF type ${id}: ${type.kind} is not a func_proto`);
  return type;
}

/** The prototype of a function, undefined when BTF has no such function. */
export function prototypeOf(btf: Btf, name: string): Prototype | undefined {
  const func = btf.findOwn("func", name) ?? btf.find("func", name);
  if (func === undefined) return undefined;
  const { params, returns, variadic } = prototypeType(btf, func.type);
  return { name, id: func.id, params, returns, variadic };
}

/**
 * The functions the kernel generates for a tracepoint with the same parameters. A typedef's parameters have no
 * names, theirs do. Which of them BTF has depends on the kernel (include/trace/bpf_probe.h, linux/tracepoint.h).
 */
const NAMESAKES = ["__probestub_", "__bpf_trace_", "__traceiter_"];

function namedParams(btf: Btf, tracepoint: string, count: number): readonly Param[] | undefined {
  for (const prefix of NAMESAKES) {
    const params = btf.prototype(prefix + tracepoint)?.params;
    if (params?.length === count && params.every((param) => param.name !== "")) return params;
  }
  return undefined;
}

/** Type id and parameters of a raw tracepoint, undefined when BTF has no such tracepoint. */
export function rawTracepointOf(btf: Btf, name: string): RawTracepoint | undefined {
  const typedef = btf.find("typedef", `btf_trace_${name}`);
  if (typedef === undefined) return undefined;
  const pointer = btf.resolve(typedef.id);
  if (pointer.kind !== "ptr") throw new BtfError(`BTF type ${typedef.id}: ${pointer.kind} is not a ptr`);
  return {
    id: typedef.id,
    // Their names are a long search, and most callers only want the id.
    get params() {
      return rawTracepointParams(btf, name, prototypeType(btf, pointer.type).params);
    },
  };
}

function rawTracepointParams(btf: Btf, name: string, params: readonly Param[]): readonly Param[] {
  const names = params.every((param) => param.name !== "") ? params : namedParams(btf, name, params.length);
  // The first parameter, `void *__data`, is not passed on to BPF programs.
  return params.map(({ type }, i) => ({ name: names?.[i]?.name ?? "", type })).slice(1);
}
