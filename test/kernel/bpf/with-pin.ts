import { unlinkSync } from "node:fs";
import { join } from "node:path";
import { mounted } from "./mounted";

/** Mounted at the first use, once for a test file: each mount starts two programs. */
let bpffs: ReturnType<typeof mounted> | undefined;

afterAll(() => bpffs?.[Symbol.dispose]());

/** Pins something in a bpffs of our own and takes the pin away after use. */
export function withPin(
  pin: (path: string) => void,
  use: (source: { readonly pinned: string }) => void,
): void {
  bpffs ??= mounted("bpf");
  const pinned = join(bpffs.folder, "map");
  pin(pinned);
  try {
    use({ pinned });
  } finally {
    unlinkSync(pinned);
  }
}
