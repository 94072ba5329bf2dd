/** Links between pages lead somewhere. */
import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { root } from "../../root";
import { anchorOf, page, pages, withoutFences } from "./pages";

const links = pages().flatMap((from) =>
  [...withoutFences(page(from)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => ({ from, target })),
);
const internal = links.filter(({ target }) => !/^[a-z]+:/.test(target));

function anchorsOf(path: string): string[] {
  return [...withoutFences(page(path)).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchorOf(heading));
}

describe("links", () => {
  test("there are some", () => {
    expect(internal.length).toBeGreaterThan(10);
  });

  test.each(internal)("$from: $target", ({ from, target }) => {
    const [file = "", anchor] = target.split("#");
    const path = file === "" ? from : normalize(join(dirname(from), file));
    expect(existsSync(join(root, path))).toBe(true);
    if (anchor !== undefined) expect(anchorsOf(path)).toContain(anchor);
  });

  test("those that leave the project are encrypted", () => {
    expect(links.filter(({ target }) => target.startsWith("http:"))).toEqual([]);
  });

  test.each(pages().filter((path) => path.startsWith("docs/")))(
    "%s can be reached from the README",
    (path) => {
      const reached = new Set(["README.md"]);
      for (const from of reached)
        for (const link of internal.filter((one) => one.from === from)) {
          const to = normalize(join(dirname(from), link.target.split("#")[0] ?? ""));
          if (to.endsWith(".md")) reached.add(to);
        }
      expect([...reached]).toContain(path);
    },
  );
});
