/**
 * Rust's older mangling, `_ZN4core3fmt5write17h0123456789abcdefE`: that of C++ for nested names, with a hash for the last
 * part and escapes in the others (rustc's legacy symbol mangling, compiler/rustc_symbol_mangling/src/legacy.rs).
 */

const MANGLED = /^_ZN((?:\d+[^\d].*)?)17h[0-9a-f]{16}E(?:\.(?:llvm|cold|part|lto_priv)[.\w]*)?$/;
const ESCAPES: Readonly<Record<string, string>> = {
  SP: "@",
  BP: "*",
  RF: "&",
  LT: "<",
  GT: ">",
  LP: "(",
  RP: ")",
  C: ",",
};

/** The path without its hash; undefined for any other name. */
export function demangleRustLegacy(name: string): string | undefined {
  let [, left] = MANGLED.exec(name) ?? [];
  if (left === undefined) return undefined;
  const parts: string[] = [];
  while (left !== "") {
    const [digits = ""] = /^[1-9]\d{0,4}/.exec(left) ?? [];
    const end = digits.length + Number(digits);
    if (digits === "" || end > left.length) return undefined;
    parts.push(unescapePart(left.slice(digits.length, end)));
    left = left.slice(end);
  }
  return parts.length === 0 ? undefined : parts.join("::");
}

/** A part that would begin with an escape has an underscore before it. */
function unescapePart(part: string): string {
  return part
    .replace(/^_\$/, "$")
    .replace(
      /\$(?:u([0-9a-f]{1,6})|([A-Z]{1,2}))\$/g,
      (all, hex: string | undefined, short: string | undefined) =>
        hex === undefined ? (ESCAPES[short ?? ""] ?? all) : characterOf(hex, all),
    )
    .replace(/\.\./g, "::");
}

function characterOf(hex: string, otherwise: string): string {
  const code = parseInt(hex, 16);
  return code <= 0x10_ffff ? String.fromCodePoint(code) : otherwise;
}
