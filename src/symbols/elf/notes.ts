/** What leads from a file to its debug file: the build id and the debug link. */

/** Notes are name, description and type; NT_GNU_BUILD_ID is that of the linker: elf(5). */
const NT_GNU_BUILD_ID = 3;
const NOTE_HEADER = 12;

/** The build id among `notes` in hexadecimal digits; undefined if there is none. */
export function buildIdIn(notes: Buffer, align: number): string | undefined {
  const padded = (length: number) => Math.ceil(length / align) * align;
  for (let at = 0; at + NOTE_HEADER <= notes.length; ) {
    const nameSize = notes.readUInt32LE(at);
    const size = notes.readUInt32LE(at + 4);
    const description = padded(at + NOTE_HEADER + nameSize);
    const name = notes.toString("latin1", at + NOTE_HEADER, at + NOTE_HEADER + nameSize);
    if (notes.readUInt32LE(at + 8) === NT_GNU_BUILD_ID && name === "GNU\0")
      return notes.toString("hex", description, description + size) || undefined;
    at = padded(description + size);
  }
  return undefined;
}

/** The debug file's name, without a folder, and the CRC-32 of its contents. */
export interface DebugLink {
  readonly name: string;
  readonly crc: number;
}

/** The contents of .gnu_debuglink: a name, zeros up to a multiple of 4, the checksum. */
export function parseDebugLink(bytes: Buffer): DebugLink | undefined {
  const end = bytes.indexOf(0);
  const crcAt = Math.ceil((end + 1) / 4) * 4;
  if (end <= 0 || crcAt + 4 > bytes.length) return undefined;
  const name = bytes.toString("utf8", 0, end);
  // It is looked for in folders that hold debug files, and must not lead out of them.
  return name.includes("/") ? undefined : { name, crc: bytes.readUInt32LE(crcAt) };
}
