/** The enumerations of a preprocessed header. */
import { evaluate } from "./expression";
import { macroValue, type Preprocessed } from "./preprocess";

export interface Enumeration {
  /** Empty for an anonymous one. */
  readonly name: string;
  readonly members: ReadonlyMap<string, bigint>;
}

/** Every enumeration in the header's text, with its values worked out; those that expand a macro are left out. */
export function enumerations(header: Preprocessed): Enumeration[] {
  const known = new Map<string, bigint>();
  const lookUp = (name: string): bigint | undefined => known.get(name) ?? macroValue(header.macros, name);
  const found: Enumeration[] = [];
  for (const [, name = "", body = ""] of header.text.matchAll(/\benum\s+(\w*)\s*\{([^}]*)\}/g)) {
    const members = new Map<string, bigint>();
    let next = 0n;
    for (const item of body.split(",")) {
      const [, member, expression] = /^\s*(\w+)\s*(?:=([\s\S]*))?$/.exec(item) ?? [];
      if (member === undefined) continue;
      const value = expression === undefined ? next : evaluate(expression, lookUp);
      members.set(member, value);
      known.set(member, value);
      next = value + 1n;
    }
    found.push({ name, members });
  }
  return found;
}
