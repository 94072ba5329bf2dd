import { didYouMean } from "../../core/suggest";
import type { Access } from "../access";

/** A hint that names the kernel function probably meant, or undefined. Reads all of BTF's: only for errors. */
export function similarFunction(name: string, { facts }: Access): string | undefined {
  return didYouMean(name, functionNames(facts.btf()?.all("func") ?? []));
}

function* functionNames(functions: Iterable<{ readonly name: string }>): Generator<string> {
  for (const { name } of functions) yield name;
}
