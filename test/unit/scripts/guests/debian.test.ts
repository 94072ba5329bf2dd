import { debianMirror, parseIndexTargets } from "../../../../scripts/guests/debian-mirror";
import { parseDepends } from "../../../../scripts/guests/debian-packages";
import { missingPackages } from "../../../../scripts/guests/host-tools";

const targets = (...lines: string[][]) =>
  parseIndexTargets(lines.map((fields) => fields.join("\t")).join("\n"));

describe("the machine's Debian mirror", () => {
  test.each([
    [
      "the release",
      [["http://m.test/debian/", "bookworm", "main", "Debian", "Packages"]],
      "http://m.test/debian/",
    ],
    [
      "lists never fetched",
      [["http://m.test/debian/", "stable", "main", "", "Packages"]],
      "http://m.test/debian/",
    ],
    [
      "not security, not backports",
      [
        ["http://m.test/security/", "bookworm-security", "main", "Debian", "Packages"],
        ["http://m.test/backports/", "bookworm-backports", "main", "Debian Backports", "Packages"],
        ["http://m.test/debian/", "bookworm", "main", "Debian", "Packages"],
      ],
      "http://m.test/debian/",
    ],
    [
      "not somebody else's stable",
      [["http://m.test/other/", "stable", "main", "Other", "Packages"]],
      undefined,
    ],
    ["not the sources", [["http://m.test/debian/", "bookworm", "main", "Debian", "Sources"]], undefined],
    ["Ubuntu", [["http://m.test/ubuntu/", "noble", "main", "Ubuntu", "Packages"]], undefined],
    ["no sources at all", [], undefined],
  ])("%s", (_name, lines, mirror) => expect(debianMirror(targets(...lines))).toBe(mirror));
});

test("dependencies are read from apt-cache depends", () => {
  const text = `linux-image-amd64
  Depends: linux-image-6.1.0-50-amd64
  PreDepends: linux-base
 |Depends: first-choice
  Depends: <virtual>
    someone-who-provides-it
  Recommends: firmware-linux-free
`;
  expect(parseDepends(text)).toEqual(["linux-image-6.1.0-50-amd64", "linux-base", "first-choice"]);
});

test.each([
  ["all there", ["amd64", "arm64"], [], []],
  ["one emulator", ["amd64"], ["qemu-system-x86_64", "qemu-system-aarch64"], ["qemu-system-x86"]],
  [
    "both",
    ["amd64", "arm64", "amd64"],
    ["qemu-system-x86_64", "qemu-system-aarch64", "depmod"],
    ["kmod", "qemu-system-x86", "qemu-system-arm"],
  ],
] as const)("packages to install: %s", (_name, architectures, absent, packages) => {
  const present = (program: string) => !(absent as readonly string[]).includes(program);
  expect(missingPackages(architectures, present)).toEqual(packages);
});
