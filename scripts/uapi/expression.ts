/** Constant expressions of C, as far as the UAPI headers use them in `#if`, `#define` and `enum`. */

const token =
  /\s*(?:(0[xX][0-9a-fA-F]+|[0-9]+)[uUlL]*|([A-Za-z_]\w*)|(<<|>>|<=|>=|==|!=|&&|\|\||[-+*~!|&^()<>]))/y;

function tokens(text: string): string[] {
  const found: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < text.trimEnd().length) {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (match === null) throw new SyntaxError(`expression: "${text.slice(at)}" is not understood`);
    found.push(match[1] ?? match[2] ?? match[3] ?? "");
  }
  return found;
}

type Binary = (a: bigint, b: bigint) => bigint;

/** Lowest precedence first. */
const levels: readonly Readonly<Record<string, Binary>>[] = [
  { "||": (a, b) => BigInt(a !== 0n || b !== 0n) },
  { "&&": (a, b) => BigInt(a !== 0n && b !== 0n) },
  { "|": (a, b) => a | b },
  { "^": (a, b) => a ^ b },
  { "&": (a, b) => a & b },
  { "==": (a, b) => BigInt(a === b), "!=": (a, b) => BigInt(a !== b) },
  {
    "<": (a, b) => BigInt(a < b),
    ">": (a, b) => BigInt(a > b),
    "<=": (a, b) => BigInt(a <= b),
    ">=": (a, b) => BigInt(a >= b),
  },
  { "<<": (a, b) => a << b, ">>": (a, b) => a >> b },
  { "+": (a, b) => a + b, "-": (a, b) => a - b },
  { "*": (a, b) => a * b },
];

/** The value of a constant expression; `lookUp` gives that of a name, or undefined if it has none. */
export function evaluate(text: string, lookUp: (name: string) => bigint | undefined): bigint {
  const rest = tokens(text);
  const expect = (wanted: string): void => {
    const got = rest.shift();
    if (got !== wanted) throw new SyntaxError(`expression: "${text}" lacks "${wanted}"`);
  };
  const unary = (): bigint => {
    const next = rest.shift();
    if (next === undefined) throw new SyntaxError(`expression: "${text}" ends early`);
    if (next === "-") return -unary();
    if (next === "+") return unary();
    if (next === "~") return ~unary();
    if (next === "!") return BigInt(unary() === 0n);
    if (next === "(") {
      const value = binary(0);
      expect(")");
      return value;
    }
    // C's octal: a zero in front.
    if (/^0[0-7]+$/.test(next)) return BigInt(`0o${next}`);
    if (/^[0-9]/.test(next)) return BigInt(next);
    const value = lookUp(next);
    if (value === undefined) throw new SyntaxError(`expression: "${next}" in "${text}" has no value`);
    return value;
  };
  const binary = (level: number): bigint => {
    const operators = levels[level];
    if (operators === undefined) return unary();
    let value = binary(level + 1);
    for (let apply = operators[rest[0] ?? ""]; apply !== undefined; apply = operators[rest[0] ?? ""]) {
      rest.shift();
      value = apply(value, binary(level + 1));
    }
    return value;
  };
  const value = binary(0);
  if (rest.length > 0) throw new SyntaxError(`expression: "${text}" goes on after its end`);
  return value;
}
