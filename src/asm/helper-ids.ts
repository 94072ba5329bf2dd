/** The functions of the kernel a program may call by number, both ways. */
import { helperNames } from "./helper-table";

export { helper } from "./helper-table";

/** The kernel's name of a helper function, such as `bpf_map_lookup_elem`. */
export function helperName(id: number): string | undefined {
  const name = helperNames[id];
  return name === undefined ? undefined : `bpf_${name}`;
}
