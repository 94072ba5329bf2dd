import { unlinkSync } from "node:fs";
import { join } from "node:path";
import { mounted } from "./mounted";

/** Pins something and takes the pin away after use. */
type WithPin = (pin: (path: string) => void, use: (source: { readonly pinned: string }) => void) => void;

/**
 * Pins in a bpffs of the test file's own, to be called at the top of it. It is mounted at the first use, once for a
 * file since each mount starts two programs, and gone after the file's tests.
 */
export function pinning(): WithPin {
  let bpffs: ReturnType<typeof mounted> | undefined;
  afterAll(() => {
    bpffs?.[Symbol.dispose]();
    bpffs = undefined;
  });
  return (pin, use) => {
    bpffs ??= mounted("bpf");
    const pinned = join(bpffs.folder, "map");
    pin(pinned);
    try {
      use({ pinned });
    } finally {
      unlinkSync(pinned);
    }
  };
}
