/** The checksum in a debug link: CRC-32 of ISO 3309, reflected, polynomial 0x04c11db7. Node has one since 20.15. */
import type { ByteSource } from "./source";

const REFLECTED = 0xedb88320;
const PIECE = 1024 * 1024;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ REFLECTED : value >>> 1;
  return value;
});

/** Of all bytes of `source`. */
export function crc32(source: ByteSource): number {
  let crc = 0xffff_ffff;
  for (let offset = 0; offset < source.size; offset += PIECE) {
    for (const byte of source.read(offset, Math.min(PIECE, source.size - offset)))
      crc = (TABLE[(crc ^ byte) & 255] as number) ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}
