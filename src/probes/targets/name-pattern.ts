/** Which names are meant: one, those of a shell pattern, or those a regular expression matches. Pure. */

/** A name, or a choice of names. */
export type NamePattern =
  | { readonly kind: "exact"; readonly text: string }
  | { readonly kind: "glob"; readonly text: string }
  | { readonly kind: "regexp"; readonly text: string };

/** Letters that no name of a function needs a meaning for, but a regular expression has. */
const SPECIAL = /[.+^${}()|\\]/g;

/**
 * What the names of a pattern match. A `*` stands for any letters, a `?` for one, `[a-c]` for one of these; an
 * expression may match anywhere.
 */
export function expressionOf({ kind, text }: NamePattern): RegExp {
  if (kind === "regexp") return new RegExp(text.slice(1, -1));
  const escaped = text.replace(SPECIAL, "\\$&");
  const letters = kind === "exact" ? escaped : escaped.replaceAll("*", ".*").replaceAll("?", ".");
  return new RegExp(`^${letters}$`);
}

/** Tests names. */
export function matcherOf(pattern: NamePattern): (name: string) => boolean {
  const expression = expressionOf(pattern);
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
