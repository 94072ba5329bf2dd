/** Which functions of the running kernel a target means. */
import type { Btf } from "../../bpf/btf/btf";
import type { Kallsyms } from "../../symbols/kallsyms";
import { expressionOf } from "./name-pattern";
import { type KernelTarget, nothingMatches } from "./target";

/** Padding before functions, which is no function. */
const PADDING = /^__pfx_|^__cfi_/;

/** Where names are looked for. */
export interface KernelNameSources {
  /** The kernel's own types. */
  readonly btf: Btf | undefined;
  /** To be asked last: the kernel writes megabytes for it. */
  kallsyms(): Kallsyms;
}

/** Each name once, by rising address. Throws a UsageError where there is none. */
export function kernelFunctionNames(target: KernelTarget, { btf, kallsyms }: KernelNameSources): string[] {
  const { pattern, module } = target;
  const exact = pattern.kind === "exact";
  if (exact && module === undefined && btf?.find("func", pattern.text) !== undefined) return [pattern.text];
  const symbols = kallsyms();
  const names = new Set<string>();
  for (const found of exact ? symbols.named(pattern.text) : symbols.functions(expressionOf(pattern)))
    if (!PADDING.test(found.name) && (module === undefined || found.module === module)) names.add(found.name);
  if (names.size > 0) return [...names];
  const what = module === undefined ? "function of the kernel" : `function of module "${module}"`;
  throw nothingMatches(target, what, allNames(symbols));
}

function* allNames(symbols: Kallsyms): Generator<string> {
  for (const { name } of symbols.functions()) yield name;
}
