/** Where a file system of this type is mounted, the first of several; undefined when it is not. Reads /proc/self/mountinfo. */
export function mountPoint(mountinfo: string, type: string): string | undefined {
  for (const line of mountinfo.split("\n")) {
    // 36 35 98:0 /root /mount/point options [tags…] - type source options
    const [before = "", after = ""] = line.split(" - ");
    const [, , , , point] = before.split(" ");
    if (after.split(" ")[0] === type && point !== undefined) return unescapeOctal(point);
  }
  return undefined;
}

/** The kernel writes blanks and backslashes in paths as three octal digits. */
function unescapeOctal(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
