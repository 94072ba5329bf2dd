/** A C preprocessor for one header: conditions and definitions, no inclusion and no expansion of the text. */
import { evaluate } from "./expression";

/** What is left of a header once its conditions are decided. */
export interface Preprocessed {
  /** Object-like definitions by name, in the order of the header; the text as written. */
  readonly macros: ReadonlyMap<string, string>;
  /** Bodies of function-like definitions by name. */
  readonly functions: ReadonlyMap<string, string>;
  /** The lines that are no directives. */
  readonly text: string;
}

/** The value of a macro, following other macros; undefined if there is no such macro. */
export function macroValue(macros: ReadonlyMap<string, string>, name: string): bigint | undefined {
  const text = macros.get(name);
  return text === undefined ? undefined : evaluate(text, (other) => macroValue(macros, other));
}

/** Decides the header's conditions under these definitions. */
export function preprocess(source: string, predefined: Readonly<Record<string, string>> = {}): Preprocessed {
  const macros = new Map(Object.entries(predefined));
  const functions = new Map<string, string>();
  const text: string[] = [];
  /** One entry per open `#if`: is this branch live, and was one taken already? */
  const conditions: { live: boolean; taken: boolean }[] = [];
  const live = (): boolean => conditions.every((condition) => condition.live);
  const holds = (expression: string): boolean => {
    const decided = expression.replace(
      /\bdefined\s*(?:\(\s*(\w+)\s*\)|(\w+))/g,
      (_, a?: string, b?: string) => (macros.has(a ?? b ?? "") ? "1" : "0"),
    );
    // As in C, a name without a definition counts as 0.
    return evaluate(decided, (name) => macroValue(macros, name) ?? 0n) !== 0n;
  };
  const open = (condition: () => boolean): void => {
    const taken = live() && condition();
    conditions.push({ live: taken, taken });
  };
  const branch = (condition: () => boolean): void => {
    const current = conditions.pop();
    if (current === undefined) throw new SyntaxError("preprocess: a branch without #if");
    const wanted = !current.taken && live() && condition();
    conditions.push({ live: wanted, taken: current.taken || wanted });
  };

  const plain = source
    .replace(/\\\r?\n/g, " ")
    .replace(/\/\*[\s\S]*?\*\//g, " ")
    .replace(/\/\/.*$/gm, "");
  for (const line of plain.split("\n")) {
    const [, directive, rest = ""] = /^\s*#\s*(\w+)\s*(.*?)\s*$/.exec(line) ?? [];
    if (directive === undefined) {
      if (live()) text.push(line);
    } else if (directive === "if") open(() => holds(rest));
    else if (directive === "ifdef") open(() => macros.has(rest));
    else if (directive === "ifndef") open(() => !macros.has(rest));
    else if (directive === "elif") branch(() => holds(rest));
    else if (directive === "else") branch(() => true);
    else if (directive === "endif") conditions.pop();
    else if (!live()) continue;
    else if (directive === "undef") {
      macros.delete(rest);
      functions.delete(rest);
    } else if (directive === "define") {
      const [, name = "", parameters, body = ""] = /^(\w+)(\([^)]*\))?\s*(.*)$/.exec(rest) ?? [];
      (parameters === undefined ? macros : functions).set(name, body);
    }
  }
  return { macros, functions, text: text.join("\n") };
}
