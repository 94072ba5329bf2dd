/** The fields of a tracepoint from its format file in tracefs. Pure. */
import type { TracepointParam } from "./tracepoint-calls";
import type { ValueForm } from "./value-form";

/** What all tracepoints begin with is the tracer's: common_type to common_pid. */
const COMMON = /^common_/;
const FIELD = /^\s*field:(.+?)\s*;\s*offset:(\d+);\s*size:(\d+);\s*signed:([01]);/gm;
/** Of words with such names the digits mean nothing to people. */
const ADDRESS = /(?:^|_)(?:ip|addr|address|ptr|flags|call_site|caller|function)$/;

const WIDTHS: Readonly<Record<string, 4>> = { int: 4, "unsigned int": 4 };

const text: ValueForm = { kind: "string" };

/** The fields of `format`. Those that are neither numbers nor text are shown by their first word. */
export function tracepointFields(format: string): TracepointParam[] {
  return [...format.matchAll(FIELD)].flatMap(([, declaration = "", offset, size, signed]) => {
    const [, type = "", name = "", array] = /^(.*?)(\w+)(\[\d*\])?$/.exec(declaration) ?? [];
    if (COMMON.test(name) || name === "") return [];
    return [
      field({
        name,
        type: type.trim(),
        array,
        offset: Number(offset),
        size: Number(size),
        signed: signed === "1",
      }),
    ];
  });
}

interface Field {
  readonly name: string;
  readonly type: string;
  readonly array: string | undefined;
  readonly offset: number;
  readonly size: number;
  readonly signed: boolean;
}

function field({ name, type, array, offset, size, signed }: Field): TracepointParam {
  if (/^__data_loc char\[\]$/.test(type)) return { name, form: text, place: { kind: "data-loc", offset } };
  if (array !== undefined && /\bchar$/.test(type))
    return { name, form: text, place: { kind: "array", offset } };
  // System calls' events give each argument eight bytes, whatever its type.
  const width = WIDTHS[type] ?? (size === 1 || size === 2 || size === 4 ? size : 8);
  const place = { kind: "value", offset, size: width } as const;
  if (type === "const char *") return { name, form: text, place };
  const isAddress = type.includes("*") || array !== undefined || ADDRESS.test(name);
  if (isAddress) return { name, form: { kind: "hex", size: width }, place };
  if (type === "bool") return { name, form: { kind: "bool" }, place };
  return { name, form: { kind: "int", size: width, signed: signed || type === "int" }, place };
}
