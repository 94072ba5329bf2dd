/** Which names are meant: one, those of a shell pattern, or those a regular expression matches. Pure. */

/** A name, or a choice of names. */
export type NamePattern =
  | { readonly kind: "exact"; readonly text: string }
  | { readonly kind: "glob"; readonly text: string }
  | { readonly kind: "regexp"; readonly text: string };

/** Letters that no name of a function needs a meaning for, but a regular expression has. */
const SPECIAL = /[.+^${}()|\\]/g;

/** Tests names. A `*` stands for any letters, a `?` for one, `[a-c]` for one of these; an expression may match anywhere. */
export function matcherOf({ kind, text }: NamePattern): (name: string) => boolean {
  if (kind === "exact") return (name) => name === text;
  const expression =
    kind === "regexp"
      ? new RegExp(text.slice(1, -1))
      : new RegExp(`^${text.replace(SPECIAL, "\\$&").replaceAll("*", ".*").replaceAll("?", ".")}$`);
  return (name) => expression.test(name);
}

/** `/…/` is a regular expression, anything with `*`, `?` or `[` a shell pattern. Throws a SyntaxError. */
export function namePattern(text: string): NamePattern {
  if (text.length > 1 && text.startsWith("/") && text.endsWith("/")) {
    const pattern: NamePattern = { kind: "regexp", text };
    matcherOf(pattern);
    return pattern;
  }
  if (!/[*?[]/.test(text)) return { kind: "exact", text };
  const pattern: NamePattern = { kind: "glob", text };
  matcherOf(pattern);
  return pattern;
}
