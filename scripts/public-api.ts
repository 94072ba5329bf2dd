/** Prints the public API of the build it belongs to: the text of test/golden/public-api.txt. */
import { join } from "node:path";
import { type Item, keyOf, type Surface, surfaceOf, visibleText } from "./public-api/surface";

/** The surface as text: the same declarations, the same text, whatever file they stand in. */
export function surfaceText({ exported, mentioned }: Surface): string {
  const all = [...exported, ...mentioned];
  const publicNames = new Map(
    all.map(({ name, file, declaration }) => [keyOf({ file, name: declaration.name }), name]),
  );
  const show = (item: Item): string => {
    const { name, declaration, mentions, typeOnly } = item;
    const renamed = new Map(
      [...mentions].map(([written, place]) => [written, publicNames.get(keyOf(place))]),
    );
    renamed.set(declaration.name, name);
    const text = visibleText(declaration, typeOnly).replace(
      /(?<![.\w$"])[A-Z][\w$]*\b(?!\??:|")/g,
      (written) => renamed.get(written) ?? written,
    );
    return typeOnly && declaration.kind === "class" ? `type only: ${text}` : text;
  };
  const blocks = [
    "# Exported",
    ...exported.map(show),
    "# Not exported, but mentioned",
    ...mentioned.map((item) => (item.declaration.kind === "const" ? keysOf(item) : show(item))),
  ];
  return `${blocks.join("\n\n")}\n`;
}

/** A constant that shows through `keyof typeof` only. */
function keysOf({ name, declaration }: Item): string {
  const keys = declaration.texts.flatMap((text) => [...text.matchAll(/^ {2}readonly ([^:]+):/gm)]);
  return [`const ${name} {`, ...keys.map(([, key]) => `  ${key}`), "}"].join("\n");
}

/** What users of the library can see of this build. */
export function publicSurface(): Surface {
  return surfaceOf(join(__dirname, "..", "src", "index.d.ts"));
}

if (require.main === module) process.stdout.write(surfaceText(publicSurface()));
