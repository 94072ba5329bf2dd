import { join } from "node:path";
import { mounted } from "./mounted";

/** Pins something in a bpffs of its own and takes the pin away after use. */
export function withPin(
  pin: (path: string) => void,
  use: (source: { readonly pinned: string }) => void,
): void {
  using bpffs = mounted("bpf");
  const pinned = join(bpffs.folder, "map");
  pin(pinned);
  use({ pinned });
}
