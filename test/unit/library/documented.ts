import { type Item, keyOf, type Surface } from "../../../scripts/public-api/surface";

/** What is exported without a doc comment. A constant of a documented type, such as `r7: Register`, needs none. */
export function undocumented({ exported, mentioned }: Surface): string[] {
  const items = new Map(
    [...exported, ...mentioned].map((item) => [
      keyOf({ file: item.file, name: item.declaration.name }),
      item.declaration,
    ]),
  );
  const documentedByType = ({ declaration, mentions }: Item): boolean => {
    const type = /^const [\w$]+: ([\w$]+)/.exec(declaration.texts[0] ?? "")?.[1];
    const place = type === undefined ? undefined : mentions.get(type);
    return place !== undefined && items.get(keyOf(place))?.doc !== undefined;
  };
  return exported
    .filter((item) => item.declaration.doc === undefined && !documentedByType(item))
    .map(({ name }) => name);
}
