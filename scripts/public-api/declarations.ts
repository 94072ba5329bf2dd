/** Reads what tsc emits as .d.ts: one declaration after another, each beginning at the margin. */

/** A name that a statement takes from another module. */
export interface Imported {
  /** The module as written, such as `./codec`. */
  readonly from: string;
  /** Its name there. */
  readonly name: string;
  readonly typeOnly: boolean;
}

/** What a module declares under one name: more than one text for an overloaded function. */
export interface Declaration {
  readonly name: string;
  readonly kind: "class" | "interface" | "type" | "function" | "const";
  /** The text of its doc comment, undefined without one. */
  readonly doc: string | undefined;
  /** The statements without comments, `export` and `declare`. */
  readonly texts: readonly string[];
}

/** What a .d.ts file says. */
export interface Module {
  readonly declarations: ReadonlyMap<string, Declaration>;
  readonly imports: ReadonlyMap<string, Imported>;
  /** By the name that others see. */
  readonly reexports: ReadonlyMap<string, Imported>;
  /** Modules of which all is exported again. */
  readonly stars: readonly string[];
  /** The names declared here that others may see. */
  readonly exported: ReadonlySet<string>;
}

interface Statement {
  readonly doc: string | undefined;
  readonly text: string;
}

/** A statement goes on as long as lines are indented or close what was opened. */
function statements(text: string): Statement[] {
  const found: { doc: string | undefined; lines: string[] }[] = [];
  let doc: string[] | undefined;
  let inDoc = false;
  for (const line of text.split("\n")) {
    if (line.startsWith("/**")) {
      doc = [];
      inDoc = true;
    }
    if (inDoc) {
      doc?.push(line);
      inDoc = !line.includes("*/");
    } else if (/^[a-z]/.test(line)) {
      found.push({ doc: doc?.join("\n"), lines: [line] });
      doc = undefined;
    } else if (line !== "") found.at(-1)?.lines.push(line);
  }
  return found.map(({ doc, lines }) => ({ doc, text: withoutComments(lines.join("\n")) }));
}

/** Also joins lines that were broken for a comment, and halves the indentation. */
function withoutComments(text: string): string {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/[ \t]+$/gm, "");
  return code
    .replace(/\n\s*(?=\n)/g, "")
    .replace(/,\n\s*(?=\S)/g, ", ")
    .replace(/^( +)/gm, (indent) => " ".repeat(indent.length / 2));
}

const IMPORT = /^(import|export)( type)? \{(.*)\} from "(.+)";$/s;
const STAR = /^export \* from "(.+)";$/;
const DECLARATION =
  /^(export )?(?:declare )?((?:abstract )?class|interface|type|function|const) ([\w$]+)[\s\S]*$/;

/** Reads a .d.ts file. Throws a SyntaxError for a statement it does not know. */
export function readModule(text: string): Module {
  const declarations = new Map<string, Declaration>();
  const imports = new Map<string, Imported>();
  const reexports = new Map<string, Imported>();
  const stars: string[] = [];
  const exported = new Set<string>();
  for (const { doc, text: statement } of statements(text)) {
    const list = IMPORT.exec(statement);
    const star = STAR.exec(statement)?.[1];
    const declaration = DECLARATION.exec(statement);
    if (list !== null)
      for (const [name, imported] of namesIn(list))
        (list[1] === "import" ? imports : reexports).set(name, imported);
    else if (star !== undefined) stars.push(star);
    else if (declaration !== null) {
      const [, isExported, kind, name = ""] = declaration;
      const before = declarations.get(name);
      declarations.set(name, {
        name,
        kind: kind?.replace("abstract ", "") as Declaration["kind"],
        doc: before?.doc ?? doc,
        texts: [...(before?.texts ?? []), statement.replace(/^export /, "").replace(/^declare /, "")],
      });
      if (isExported !== undefined) exported.add(name);
    } else if (statement !== "export {};" && !/^import .* from "node:/.test(statement))
      throw new SyntaxError(`declaration: what is ${JSON.stringify(statement)}?`);
  }
  return { declarations, imports, reexports, stars, exported };
}

function* namesIn([, , whole, list = "", from = ""]: RegExpExecArray): Generator<[string, Imported]> {
  for (const item of list.split(",").map((each) => each.trim())) {
    const [, typeOnly, name, alias] = /^(type )?([\w$]+)(?: as ([\w$]+))?$/.exec(item) ?? [];
    if (name === undefined) continue;
    yield [alias ?? name, { from, name, typeOnly: whole !== undefined || typeOnly !== undefined }];
  }
}
