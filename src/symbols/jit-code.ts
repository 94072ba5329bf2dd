/**
 * What V8 calls its code in perf maps, taken apart: `JS:*greet /srv/app.js:3:15`, as Node 20, 22 and 24 write it, and
 * `LazyCompile:` and `Function:`, as older ones did.
 */

/** How far V8 has compiled a function; each is faster than the one before. */
export type JitTier = "interpreted" | "baseline" | "maglev" | "optimized";

/** A piece of code made at run time, by what its maker calls it. */
export interface JitCode {
  /** What V8 or another compiler calls this kind of code: "JS", "Builtin", "RegExp"; undefined where it says nothing. */
  readonly kind: string | undefined;
  /** The function; "(anonymous)" where it has no name; the pattern of a regular expression. */
  readonly name: string;
  /** Path or URL. */
  readonly file: string | undefined;
  /** From 1. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly tier: JitTier | undefined;
}

/** V8's marks, CodeKindToMarker in objects/code-kind.h; an apostrophe marks code that several closures share. */
const TIERS: Readonly<Record<string, JitTier>> = {
  "~": "interpreted",
  "^": "baseline",
  "+": "maglev",
  "*": "optimized",
};
const KIND =
  /^(JS|LazyCompile|Function|Script|Eval|Builtin|BytecodeHandler|RegExp|Handler|Stub|Wasm)(?::|\.>) ?/;
const OF_SCRIPTS: ReadonlySet<string> = new Set(["JS", "LazyCompile", "Function", "Script", "Eval"]);
const PLACE = /:(\d+)(?::(\d+))?$/;
/** Names and files both may have blanks in them: a file begins like a path, a URL or one of Node's own. */
const FILE = / (?=\/|[a-z][a-z0-9+.-]*:|\[eval|evalmachine\.|<)/;
const TOP_LEVEL: Readonly<Record<string, string>> = { Script: "(script)", Eval: "(eval)" };

/** Takes a perf map's name apart; one that is not V8's is a name and nothing else. */
export function parseJitName(text: string): JitCode {
  const [prefix = "", kind] = KIND.exec(text) ?? [];
  if (kind === undefined) return { ...NOTHING, name: text };
  const rest = text.slice(prefix.length);
  return OF_SCRIPTS.has(kind) ? parseScriptCode(kind, rest) : { ...NOTHING, kind, name: nameOf(kind, rest) };
}

const NOTHING = { kind: undefined, file: undefined, line: undefined, column: undefined, tier: undefined };

function parseScriptCode(kind: string, text: string): JitCode {
  const tier = TIERS[text[0] ?? ""];
  const marked = tier === undefined ? text : text.slice(text[1] === "'" ? 2 : 1);
  const [place = "", line, column] = PLACE.exec(marked) ?? [];
  const whole = marked.slice(0, marked.length - place.length);
  const blank = fileAt(whole, line !== undefined);
  const name = blank === -1 ? whole : whole.slice(0, blank);
  return {
    kind,
    tier,
    name: name || (TOP_LEVEL[kind] ?? "(anonymous)"),
    file: blank === -1 ? undefined : whole.slice(blank + 1) || undefined,
    line: line === undefined ? undefined : Number(line),
    column: column === undefined ? undefined : Number(column),
  };
}

/** Where the blank before the file is; a file of no known form is what follows the last one. */
function fileAt(text: string, hasPlace: boolean): number {
  const found = text.search(FILE);
  return found !== -1 || !hasPlace ? found : text.lastIndexOf(" ");
}

/** Node 24 writes `RegExp.> src: 'a+b' flags: 'g'`, Node 20 and 22 `RegExp:a+b`. */
function nameOf(kind: string, text: string): string {
  if (kind !== "RegExp") return text;
  const [, pattern, flags] = /^src: '(.*)' flags: '(\w*)'$/.exec(text) ?? [];
  return pattern === undefined ? `/${text}/` : `/${pattern}/${flags}`;
}
