/** The letters of a name in Rust's v0 mangling: numbers, identifiers, places to go back to. RFC 2603, "Syntax". */

import { decodePunycode } from "./punycode";

/** The name is no v0 name, or one that is too large. */
export class NotMangled extends Error {}

/** An identifier; those that differ only by `index` are told apart by it. */
export interface Identifier {
  readonly name: string;
  readonly index: number;
}

const BASE_62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

export class RustV0Reader {
  private at = 0;

  /** Takes what follows the "_R". */
  constructor(private readonly text: string) {}

  get done(): boolean {
    return this.at === this.text.length;
  }

  next(): string {
    const letter = this.text[this.at++];
    if (letter === undefined) throw new NotMangled();
    return letter;
  }

  peek(): string | undefined {
    return this.text[this.at];
  }

  /** Steps over `letter` if it comes next. */
  eat(letter: string): boolean {
    if (this.text[this.at] !== letter) return false;
    this.at++;
    return true;
  }

  /** Digits of 62 kinds up to "_", which alone is 0. Hashes of crates are too large for a number, but nobody needs them. */
  base62(): number {
    let value = 0;
    for (let digits = 0; ; digits++) {
      const letter = this.next();
      if (letter === "_") return digits === 0 ? 0 : value + 1;
      const digit = BASE_62.indexOf(letter);
      value = value * BASE_62.length + digit;
      if (digit === -1) throw new NotMangled();
    }
  }

  /** A number after `tag`; 0 where the tag does not come. */
  tagged(tag: string): number {
    return this.eat(tag) ? this.base62() + 1 : 0;
  }

  identifier(): Identifier {
    const index = this.tagged("s");
    return { index, name: this.plainIdentifier() };
  }

  /** An identifier without an index. Letters beyond ASCII are in Punycode, as RFC 3492 has it, with "_" for "-". */
  plainIdentifier(): string {
    const punycode = this.eat("u");
    const [digits = ""] = /^(?:0|[1-9]\d{0,5})/.exec(this.text.slice(this.at, this.at + 6)) ?? [];
    if (digits === "") throw new NotMangled();
    this.at += digits.length;
    // It keeps digits and underscores at a name's beginning from being taken for the length.
    this.eat("_");
    const end = this.at + Number(digits);
    if (end > this.text.length) throw new NotMangled();
    const name = this.text.slice(this.at, end);
    this.at = end;
    return punycode ? fromPunycode(name) : name;
  }

  /** Hexadecimal digits up to "_". */
  hex(): string {
    const end = this.text.indexOf("_", this.at);
    const digits = this.text.slice(this.at, end);
    if (end === -1 || !/^[0-9a-f]*$/.test(digits)) throw new NotMangled();
    this.at = end + 1;
    return digits;
  }

  /** Reads by `read` what begins at an earlier place, whose number comes next, then goes on here. */
  backReference(read: () => void): void {
    const tag = this.at - 1;
    const place = this.base62();
    if (place >= tag) throw new NotMangled();
    const here = this.at;
    this.at = place;
    read();
    this.at = here;
  }
}

/** The last underscore stands between the letters of ASCII and the rest. */
function fromPunycode(name: string): string {
  const end = name.lastIndexOf("_");
  const decoded = decodePunycode(name.slice(0, Math.max(end, 0)), name.slice(end + 1));
  if (decoded === undefined) throw new NotMangled();
  return decoded;
}
