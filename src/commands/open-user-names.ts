/** Names for the frames of processes, those included that end before anybody can look at them. */
import type { Kernel } from "../bpf/kernel";
import { PermissionError } from "../core/errors";
import { UserNames } from "../probes/stacks/user-names";
import { MappingHistory } from "../symbols/mapping-history";
import { demangling } from "./demangling";

/** What processes there may be: only these, or any. */
export function openUserNames(kernel: Kernel, pids: readonly number[] | undefined): UserNames {
  // Those are looked at before they can end.
  return new UserNames(demangling(), pids === undefined ? historyOf(kernel) : undefined);
}

/** Undefined without the right to it: then only processes that live for a while have names. */
function historyOf(kernel: Kernel): MappingHistory | undefined {
  try {
    return new MappingHistory(kernel.watchMappings());
  } catch (error) {
    if (error instanceof PermissionError) return undefined;
    throw error;
  }
}
