/** A file or folder of an initramfs. */
export interface ArchiveMember {
  /** Without a leading slash. */
  readonly path: string;
  /** Type and permission bits, as in stat: 0o100755, 0o040755. */
  readonly mode: number;
  readonly content?: Uint8Array;
}

/** A "newc" cpio archive, the format in which the kernel takes an initramfs. */
export function cpioArchive(members: readonly ArchiveMember[]): Buffer {
  const parts: Uint8Array[] = [];
  members.forEach((member, index) => {
    parts.push(...record(member, index + 1));
  });
  parts.push(...record({ path: "TRAILER!!!", mode: 0 }, 0));
  return Buffer.concat(parts);
}

// https://docs.kernel.org/driver-api/early-userspace/buffer-format.html
function record({ path, mode, content = new Uint8Array() }: ArchiveMember, inode: number): Uint8Array[] {
  const name = Buffer.from(`${path}\0`);
  const links = 1;
  const fields = [inode, mode, 0, 0, links, 0, content.length, 0, 0, 0, 0, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
  const head = Buffer.concat([Buffer.from(header), name]);
  return [head, padding(head.length), content, padding(content.length)];
}

function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4);
}
