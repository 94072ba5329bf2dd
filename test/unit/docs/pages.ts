/** The project's pages, and what is in them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../root";

/** The text of a page, by its path from the project's root. */
export function page(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** Every page, by its path from the project's root. */
export function pages(): string[] {
  const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .map((path) => `docs/${path}`);
  return ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...docs.sort()].filter((path) =>
    existsSync(join(root, path)),
  );
}

/** A page without what stands in fences, which is code or output and no markup. */
export function withoutFences(text: string): string {
  return text.replace(/^```.*?^```$/gms, "");
}

/** The lines of the first fenced block after a heading or sentence that holds `after`. */
export function fenceAfter(text: string, after: string): string[] {
  const from = text.indexOf(after);
  const fence = from < 0 ? null : /^```\w*\n(.*?)^```$/ms.exec(text.slice(from));
  return fence?.[1]?.trimEnd().split("\n") ?? [];
}

/** The cells of the tables' rows, headings included, the lines below headings not. Blanks around them are cut off. */
export function tableRows(text: string): string[][] {
  return withoutFences(text)
    .split("\n")
    .filter((line) => line.startsWith("|") && !/^\|[-|: ]+\|$/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim()),
    );
}

/** The part of a page below this heading, down to the next one of the same depth. */
export function section(text: string, heading: string): string {
  const from = text.indexOf(`\n${heading}\n`);
  if (from < 0) return "";
  const depth = heading.indexOf(" ");
  const rest = text.slice(from + heading.length + 2);
  const end = rest.search(new RegExp(`^#{1,${depth}} `, "m"));
  return end < 0 ? rest : rest.slice(0, end);
}

/** The anchor that a heading gets on a web page. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}
