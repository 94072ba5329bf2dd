/** The formats every command speaks, and the one a file's ending asks for. */

export const reportFormats = ["table", "json", "ndjson", "csv"] as const;
export type ReportFormat = (typeof reportFormats)[number];

/** File endings of the common formats; a command that speaks more adds its own. */
export const reportEndings: Readonly<Record<string, ReportFormat>> = {
  ".txt": "table",
  ".json": "json",
  ".ndjson": "ndjson",
  ".jsonl": "ndjson",
  ".csv": "csv",
};

/** The format that the ending of `path` stands for, the longest ending first; undefined if it says nothing. */
export function formatOf<F extends string = ReportFormat>(
  path: string,
  endings: Readonly<Record<string, F>> = reportEndings as Readonly<Record<string, F>>,
): F | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  const ending = Object.keys(endings)
    .filter((known) => name.endsWith(known) && name.length > known.length)
    .sort((a, b) => b.length - a.length)[0];
  return ending === undefined ? undefined : endings[ending];
}

/** True when the locale's characters are UTF-8, so that bars and ellipses can be drawn. */
export function isUtf8(env: { LC_ALL?: string; LC_CTYPE?: string; LANG?: string }): boolean {
  return /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || "");
}
