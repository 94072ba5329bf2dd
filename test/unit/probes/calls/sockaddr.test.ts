import { SOCKADDR_SIZE, sockaddrText, withLengths } from "../../../../src/probes/calls/sockaddr";
import { formNamed } from "../../../../src/probes/calls/value-form";

/** As it lies in memory: the family, then these bytes. */
function address(family: number, ...rest: readonly (number | string)[]): DataView {
  const bytes = new Uint8Array(SOCKADDR_SIZE);
  bytes[0] = family;
  const list = rest.flatMap((part) => (typeof part === "number" ? [part] : [...Buffer.from(part)]));
  bytes.set(list, 2);
  return new DataView(bytes.buffer);
}

const flow = [0, 0, 0, 0];
const ipv6 = (...groups: number[]) => groups.flatMap((group) => [group >> 8, group & 255]);

test.each<[DataView, number | undefined, string]>([
  [address(2, 0, 80, 192, 0, 2, 1), 16, "192.0.2.1:80"],
  [address(10, 0x1f, 0x90, ...flow, ...ipv6(0, 0, 0, 0, 0, 0, 0, 1)), 28, "[::1]:8080"],
  [address(10, 0, 1, ...flow, ...ipv6(0, 0, 0, 0, 0, 0, 0, 0)), 28, "[::]:1"],
  [address(10, 0, 1, ...flow, ...ipv6(0x2001, 0xdb8, 0, 0, 1, 0, 0, 0)), 28, "[2001:db8:0:0:1::]:1"],
  [address(10, 0, 1, ...flow, ...ipv6(0x2001, 0xdb8, 0, 1, 1, 1, 1, 1)), 28, "[2001:db8:0:1:1:1:1:1]:1"],
  [address(10, 0, 1, ...flow, ...ipv6(0, 0, 0, 0, 0, 0xffff, 0x7f00, 1)), 28, "[::ffff:127.0.0.1]:1"],
  [address(10, 0, 1, ...flow, ...ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 1), 3), 28, "[fe80::1%3]:1"],
  [address(1, "/run/x.sock"), 14, "unix:/run/x.sock"],
  [address(1, "/run/x.sock"), undefined, "unix:/run/x.sock"],
  [address(1, 0, "name and what is behind"), 7, "unix:@name"],
  [address(1, 0, "name"), undefined, "unix:@name"],
  [address(1, "what was there before"), 2, "unix:"],
  [address(16, 0, 0, 0x39, 0x30), 12, "netlink:12345"],
  [address(40), 16, "family:40"],
])("%# %s", (bytes, length, text) => expect(sockaddrText(bytes, length)).toBe(text));

test("an address knows its length from the argument behind it", () => {
  const form = (name: string) => formNamed(name, "test");
  const params = (behind: string) =>
    withLengths([
      { name: "addr", form: form("sockaddr") },
      { name: behind, form: form("d") },
    ]);
  expect(params("addrlen")[0]?.form).toEqual({ kind: "sockaddr", length: 1 });
  expect(params("flags")[0]?.form).toEqual({ kind: "sockaddr" });
});
