/** The table made from `asm-generic/errno-base.h` and `asm-generic/errno.h`. */
import { macroValue, preprocess } from "./preprocess";
import { frozen } from "./render";

/** The body of `src/core/errno-table.ts`. */
export function errnoTable(headers: string): string {
  const { macros } = preprocess(headers);
  const names = [...macros.keys()].filter((name) => /^E[A-Z0-9]+$/.test(name));
  return frozen(
    "errno",
    "Error numbers of `asm-generic/errno.h`, which x86-64 and arm64 both use. The first name of a number is its usual one.",
    names.map((name): [string, bigint] => [name, macroValue(macros, name) ?? 0n]),
  );
}
