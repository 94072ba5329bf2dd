/** /etc/ld.so.cache: which libraries the loader knows. The form is that of glibc since 2.2, elf/dl-cache.h. */

const MAGIC = "glibc-ld.so.cache1.1";
/** The old form, which older systems put before the new one: magic, padding, number of entries of 12 bytes. */
const OLD_MAGIC = "ld.so-1.7.0";
const OLD_HEADER = 16;
const OLD_ENTRY = 12;
const HEADER = 48;
/** flags i32, name u32, path u32, OS version u32, hardware capabilities u64 */
const ENTRY = 24;
/** Libraries for this processor's 64-bit programs: FLAG_X8664_LIB64 and FLAG_AARCH64_LIB64, with FLAG_ELF_LIBC6. */
const FLAGS: Readonly<Record<string, number>> = { x64: 0x0303, arm64: 0x0a03 };

/** The libraries in `bytes` for an architecture, soname and path, in the loader's order; none in a damaged file. */
export function parseLibraryCache(bytes: Buffer, arch: string): (readonly [soname: string, path: string])[] {
  const start = startOf(bytes);
  if (bytes.toString("latin1", start, start + MAGIC.length) !== MAGIC || bytes.length < start + HEADER)
    return [];
  const count = Math.min(bytes.readUInt32LE(start + 20), Math.floor((bytes.length - start - HEADER) / ENTRY));
  const text = (at: number) => {
    const from = start + bytes.readUInt32LE(at);
    const end = bytes.indexOf(0, from);
    return end === -1 ? "" : bytes.toString("utf8", from, end);
  };
  const found: (readonly [string, string])[] = [];
  for (let at = start + HEADER; at < start + HEADER + count * ENTRY; at += ENTRY)
    if (bytes.readInt32LE(at) === FLAGS[arch]) found.push([text(at + 4), text(at + 8)]);
  return found;
}

function startOf(bytes: Buffer): number {
  if (bytes.toString("latin1", 0, OLD_MAGIC.length) !== OLD_MAGIC || bytes.length < OLD_HEADER) return 0;
  // The new form is aligned to 8 bytes.
  return Math.ceil((OLD_HEADER + bytes.readUInt32LE(12) * OLD_ENTRY) / 8) * 8;
}
