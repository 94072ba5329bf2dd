/** The ways to reach a function: mechanisms of the kernel, with their hooks. Pure. */
import type { Hook, KprobeMultiHook, UprobeMultiHook } from "../../bpf/program-spec";

/** Of functions of the kernel, the cheapest for each call first. */
export const kernelVias = ["fentry", "kprobe-multi", "kprobe"] as const;
/** Of functions of programs and libraries. */
export const userVias = ["uprobe-multi", "uprobe"] as const;
export const functionVias = [...kernelVias, ...userVias] as const;
export type FunctionVia = (typeof functionVias)[number];

/** One way to reach one function. */
export interface FunctionWay {
  readonly via: FunctionVia;
  /** How many arguments the context of fentry and fexit has; undefined where it is the registers. */
  readonly typed?: number | undefined;
  readonly entry: Hook;
  /** Undefined for an instruction inside of the function. */
  readonly return: Hook | undefined;
}

/** A way that a function cannot be reached, or is better not. */
export interface Unfit {
  readonly via: FunctionVia;
  readonly reason: string;
}

/** The first instruction of a kernel function, or its return. `typed`: how many arguments BTF says it has. */
export function fentryWay(name: string, module: string | undefined, typed: number): FunctionWay {
  const place = module === undefined ? { name } : { name, module };
  return { via: "fentry", typed, entry: { kind: "fentry", ...place }, return: { kind: "fexit", ...place } };
}

export function kprobeMultiWay(name: string): FunctionWay {
  const hook = { kind: "kprobe-multi", name, functions: [name] } as const;
  return { via: "kprobe-multi", entry: hook, return: { ...hook, atReturn: true } };
}

/** `offset` leads to an instruction, which has no return. */
export function kprobeWay(name: string, offset = 0): FunctionWay {
  if (offset > 0) return { via: "kprobe", entry: { kind: "kprobe", name, offset }, return: undefined };
  return { via: "kprobe", entry: { kind: "kprobe", name }, return: { kind: "kretprobe", name } };
}

/** An instruction of a file. */
export interface UserPlace {
  readonly name: string;
  readonly path: string;
  readonly offset: number;
  readonly pid: number | undefined;
}

/** `inside`: it is not the first instruction of its function. */
export function uprobeMultiWay({ offset, ...place }: UserPlace, inside: boolean): FunctionWay {
  const hook = { kind: "uprobe-multi", ...place, offsets: [offset] } as const;
  return { via: "uprobe-multi", entry: hook, return: inside ? undefined : { ...hook, atReturn: true } };
}

export function uprobeWay(place: UserPlace, inside: boolean): FunctionWay {
  const atReturn = inside ? undefined : ({ kind: "uretprobe", ...place } as const);
  return { via: "uprobe", entry: { kind: "uprobe", ...place }, return: atReturn };
}

/** Whether one program serves many functions, told apart by a cookie. */
export function isShared({ via }: Pick<FunctionWay, "via">): boolean {
  return via === "kprobe-multi" || via === "uprobe-multi";
}

type SharedHook = KprobeMultiHook | UprobeMultiHook;

/** One hook in place of several that differ in their functions only. `cookies`: one for each. */
export function joinHooks(hooks: readonly Hook[], cookies: readonly number[]): Hook {
  const all = hooks as readonly SharedHook[];
  const [first] = all as readonly [SharedHook];
  const name = all.length === 1 ? first.name : `${first.name} and ${all.length - 1} more`;
  const common = { name, cookies: cookies.map(BigInt) };
  return first.kind === "kprobe-multi"
    ? { ...first, ...common, functions: all.flatMap((hook) => (hook as KprobeMultiHook).functions) }
    : { ...first, ...common, offsets: all.flatMap((hook) => (hook as UprobeMultiHook).offsets) };
}
