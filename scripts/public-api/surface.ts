/** From the library's index to everything it exports, and everything that mentions. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Declaration, type Module, readModule } from "./declarations";

/** Something the library exports, or that such a thing mentions. */
export interface Item {
  /** As the library calls it. */
  readonly name: string;
  readonly declaration: Declaration;
  /** The .d.ts file it is declared in. */
  readonly file: string;
  /** Exported as a type only: nobody outside makes one. */
  readonly typeOnly: boolean;
  /** The names it mentions, as written there, and what they stand for. */
  readonly mentions: ReadonlyMap<string, Place>;
}

/** Where something is declared. */
export interface Place {
  readonly file: string;
  readonly name: string;
}

/** The public surface: what is exported, and what is not but shows in its types. */
export interface Surface {
  readonly exported: readonly Item[];
  readonly mentioned: readonly Item[];
}

interface Found extends Place {
  readonly typeOnly: boolean;
}

/** Reads the surface that an index.d.ts opens. */
export function surfaceOf(index: string): Surface {
  const program = new Program();
  const item = ({ file, name, typeOnly }: Found, publicName: string): Item => {
    const declaration = program.module(file).declarations.get(name) as Declaration;
    const mentions = program.mentionsOf(file, declaration, typeOnly);
    return { name: publicName, declaration, file, typeOnly, mentions };
  };
  const exported = [...program.exportsOf(index)].map(([name, found]) => item(found, name)).sort(byName);
  const known = new Set(exported.map(({ file, declaration }) => keyOf({ file, name: declaration.name })));
  const mentioned: Item[] = [];
  const waiting: Item[] = [...exported];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
    for (const place of next.mentions.values()) {
      if (known.has(keyOf(place))) continue;
      known.add(keyOf(place));
      const more = item({ ...place, typeOnly: true }, place.name);
      mentioned.push(more);
      waiting.push(more);
    }
  return { exported, mentioned: mentioned.sort(byName) };
}

/** One string for a place. */
export function keyOf({ file, name }: Place): string {
  return `${file}#${name}`;
}

function byName(a: Item, b: Item): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** The lines of a declaration that others see: no private members, no constructor of what only the library makes. */
export function visibleText({ kind, texts }: Declaration, typeOnly: boolean): string {
  const lines = texts.join("\n").split("\n");
  if (kind !== "class") return lines.join("\n");
  return lines
    .filter((line) => !/^ {2}private (?!constructor)/.test(line))
    .filter((line) => !(typeOnly && /^ {2}(private )?constructor\(/.test(line)))
    .join("\n");
}

class Program {
  private readonly modules = new Map<string, Module>();

  module(file: string): Module {
    let found = this.modules.get(file);
    if (found === undefined) {
      found = readModule(readFileSync(file, "utf8"));
      this.modules.set(file, found);
    }
    return found;
  }

  /** What a module shows, by name. Names of its own go before those of `export *`. */
  exportsOf(file: string): Map<string, Found> {
    const { exported, reexports, stars } = this.module(file);
    const all = new Map<string, Found>();
    for (const star of stars)
      for (const [name, found] of this.exportsOf(resolved(file, star))) all.set(name, found);
    for (const [name, { from, name: there, typeOnly }] of reexports) {
      const found = this.exportsOf(resolved(file, from)).get(there);
      if (found === undefined) throw new SyntaxError(`${file}: "${from}" exports no "${there}"`);
      all.set(name, { ...found, typeOnly: typeOnly || found.typeOnly });
    }
    const { declarations } = this.module(file);
    for (const name of exported) {
      const kind = declarations.get(name)?.kind;
      all.set(name, { file, name, typeOnly: kind === "interface" || kind === "type" });
    }
    return all;
  }

  mentionsOf(file: string, declaration: Declaration, typeOnly: boolean): Map<string, Place> {
    const { declarations, imports } = this.module(file);
    const mentions = new Map<string, Place>();
    const text = visibleText(declaration, typeOnly).replace(/"[^"]*"/g, '""');
    for (const [name] of text.matchAll(/(?<![.\w$])[\w$]+\b(?!\??:)/g)) {
      if (name === declaration.name || mentions.has(name)) continue;
      const imported = imports.get(name);
      if (declarations.has(name)) mentions.set(name, { file, name });
      else if (imported?.from.startsWith(".")) {
        const found = this.exportsOf(resolved(file, imported.from)).get(imported.name);
        if (found !== undefined) mentions.set(name, { file: found.file, name: found.name });
      }
    }
    return mentions;
  }
}

function resolved(file: string, from: string): string {
  const path = join(dirname(file), from);
  return existsSync(`${path}.d.ts`) ? `${path}.d.ts` : join(path, "index.d.ts");
}
