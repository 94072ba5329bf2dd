/** Addresses of sockets as calls take them, `struct sockaddr`. Layouts: include/uapi/linux/{in,in6,un,netlink}.h. Pure. */
import { isWritten, type Param } from "./value-form";

/** Those with a text of their own; include/linux/socket.h. */
export const AddressFamily = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const;

/** Bytes of each, as far as they are shown. */
export const ADDRESS_SIZES = { inet: 16, inet6: 28, netlink: 12 } as const;
/** Where the path of AF_UNIX begins, and the bytes it has. */
export const UNIX_PATH = { at: 2, size: 108 } as const;

/** Room for the longest, AF_UNIX, in whole words. */
export const SOCKADDR_SIZE = 112;

/** `127.0.0.1:80`, `[::1]:80`, `unix:/path`, `unix:@abstract`, `netlink:pid`, or the family's number. */
export function sockaddrText(bytes: DataView, length?: number): string {
  switch (bytes.getUint16(0, true)) {
    case AddressFamily.inet:
      return `${ipv4Text(bytes, 4)}:${bytes.getUint16(2)}`;
    case AddressFamily.inet6: {
      const scope = bytes.getUint32(24, true);
      return `[${ipv6Text(bytes, 8)}${scope === 0 ? "" : `%${scope}`}]:${bytes.getUint16(2)}`;
    }
    case AddressFamily.unix:
      return `unix:${unixName(bytes, length)}`;
    case AddressFamily.netlink:
      return `netlink:${bytes.getUint32(4, true)}`;
    default:
      return `family:${bytes.getUint16(0, true)}`;
  }
}

function ipv4Text(bytes: DataView, at: number): string {
  return [0, 1, 2, 3].map((i) => bytes.getUint8(at + i)).join(".");
}

/** As RFC 5952 writes it: the longest run of zeros, of two at least, is left out. */
function ipv6Text(bytes: DataView, at: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.getUint16(at + 2 * i));
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return `::ffff:${ipv4Text(bytes, at + 12)}`;
  let longest = { from: 0, length: 0 };
  for (let from = 0; from < 8; from++) {
    const run = groups.slice(from).findIndex((group) => group !== 0);
    const length = run === -1 ? 8 - from : run;
    if (length > longest.length) longest = { from, length };
  }
  const text = (some: readonly number[]) => some.map((group) => group.toString(16)).join(":");
  if (longest.length < 2) return text(groups);
  const { from, length } = longest;
  return `${text(groups.slice(0, from))}::${text(groups.slice(from + length))}`;
}

/** The path; an abstract name begins with a NUL, shown as `@`; a socket without a name has two bytes alone. */
function unixName(bytes: DataView, length: number | undefined): string {
  const { at, size } = UNIX_PATH;
  const end = Math.min(size, Math.max(0, (length ?? SOCKADDR_SIZE) - at));
  const name = Buffer.from(bytes.buffer, bytes.byteOffset + at, end);
  const isAbstract = end > 0 && name[0] === 0;
  const text = name.subarray(isAbstract ? 1 : 0);
  const nul = text.indexOf(0);
  return `${isAbstract ? "@" : ""}${text.toString("utf8", 0, nul === -1 ? text.length : nul)}`;
}

/** Parameters of which each address knows its length, where the next one tells it. */
export function withLengths<P extends Param>(params: readonly P[]): P[] {
  return params.map((param, i) => {
    const next = params[i + 1];
    const kind = isWritten(param.form) ? "hex" : "int";
    const isLength = next?.form.kind === kind && /len/.test(next.name);
    return param.form.kind === "sockaddr" && isLength
      ? { ...param, form: { ...param.form, length: i + 1 } }
      : param;
  });
}
