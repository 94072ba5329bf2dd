/**
 * Rust's newer mangling, `_RNvCs6xxl1lAjzDf_1a4main`: RFC 2603. Paths and types are written as
 * in the source, without the hashes of crates and the types of constants.
 */
import { NotMangled, RustV0Reader } from "./rust-v0-reader";

/** Names refer back to their own parts, so a short one may unfold to anything. */
const LONGEST = 16_384;
const DEEPEST = 200;
const STEPS = 20_000;

const BASIC_TYPES: Readonly<Record<string, string>> = {
  ...{ a: "i8", s: "i16", l: "i32", x: "i64", n: "i128", i: "isize" },
  ...{ h: "u8", t: "u16", m: "u32", y: "u64", o: "u128", j: "usize" },
  ...{ b: "bool", c: "char", d: "f64", f: "f32", e: "str", u: "()", z: "!", v: "...", p: "_" },
};
const POINTERS: Readonly<Record<string, string>> = { P: "*const ", O: "*mut " };
/** Namespaces that no source names. */
const SPECIAL: Readonly<Record<string, string>> = { C: "closure", S: "shim" };

/** The path that `name` stands for; undefined for any other name. */
export function demangleRustV0(name: string): string | undefined {
  const [, mangled] = /^_R([A-Z]\w*)(?:[.$].*)?$/.exec(name) ?? [];
  if (mangled === undefined) return undefined;
  try {
    return new Printer(new RustV0Reader(mangled)).symbol();
  } catch (error) {
    if (error instanceof NotMangled) return undefined;
    throw error;
  }
}

class Printer {
  private text = "";
  private depth = 0;
  private steps = 0;
  /** Lifetimes that the binders around give names to. */
  private lifetimes = 0;

  constructor(private readonly reader: RustV0Reader) {}

  symbol(): string {
    this.path(true);
    const { text } = this;
    // The crate that a generic function was made for is no part of its name.
    if (!this.reader.done) this.path(false);
    if (!this.reader.done) throw new NotMangled();
    return text;
  }

  private put(text: string): void {
    this.text += text;
    if (this.text.length > LONGEST) throw new NotMangled();
  }

  private nested(print: () => void): void {
    if (++this.steps > STEPS || ++this.depth > DEEPEST) throw new NotMangled();
    print();
    this.depth--;
  }

  /** `inValue`: where an expression stands, generic arguments follow a `::`. */
  private path(inValue: boolean): void {
    this.nested(() => this.pathOf(this.reader.next(), inValue));
  }

  private pathOf(tag: string, inValue: boolean): void {
    const { reader } = this;
    if (tag === "C") this.put(reader.identifier().name);
    else if (tag === "N") this.inNamespace(reader.next(), inValue);
    else if (tag === "M") this.inherent();
    else if (tag === "X") this.asTrait(() => this.skipImplPath());
    else if (tag === "Y") this.asTrait(() => {});
    else if (tag === "I") this.withGenerics(inValue);
    else if (tag === "B") reader.backReference(() => this.path(inValue));
    else throw new NotMangled();
  }

  private inNamespace(namespace: string, inValue: boolean): void {
    if (!/[A-Za-z]/.test(namespace)) throw new NotMangled();
    this.path(inValue);
    const { name, index } = this.reader.identifier();
    if (namespace >= "a") {
      if (name !== "") this.put(`::${name}`);
      return;
    }
    const kind = SPECIAL[namespace] ?? namespace;
    this.put(`::{${kind}${name === "" ? "" : `:${name}`}#${index}}`);
  }

  /** Where the implementation stands; what it is for follows. */
  private skipImplPath(): void {
    const { text } = this;
    this.reader.tagged("s");
    this.path(false);
    this.text = text;
  }

  private inherent(): void {
    this.skipImplPath();
    this.put("<");
    this.type();
    this.put(">");
  }

  private asTrait(skip: () => void): void {
    skip();
    this.put("<");
    this.type();
    this.put(" as ");
    this.path(false);
    this.put(">");
  }

  private withGenerics(inValue: boolean): void {
    this.openGenerics(inValue);
    this.put(">");
  }

  /** A path and its arguments, without the closing bracket. */
  private openGenerics(inValue: boolean): void {
    this.path(inValue);
    this.put(inValue ? "::<" : "<");
    this.list(", ", () => {
      if (this.reader.eat("L")) this.lifetime(this.reader.base62());
      else if (this.reader.eat("K")) this.constant();
      else this.type();
    });
  }

  /** Up to an "E"; returns how many there are. */
  private list(separator: string, print: () => void): number {
    let count = 0;
    for (; !this.reader.eat("E"); count++) {
      if (count > 0) this.put(separator);
      print();
    }
    return count;
  }

  private type(): void {
    this.nested(() => {
      const tag = this.reader.next();
      const basic = BASIC_TYPES[tag];
      if (basic === undefined) this.typeOf(tag);
      else this.put(basic);
    });
  }

  private typeOf(tag: string): void {
    if (tag === "R") this.reference("");
    else if (tag === "Q") this.reference("mut ");
    else if (tag in POINTERS) this.pointer(tag);
    else if (tag === "A" || tag === "S") this.array(tag === "A");
    else if (tag === "T") this.tuple();
    else if (tag === "F") this.binder(() => this.functionType());
    else if (tag === "D") this.dynType();
    else if (tag === "B") this.reader.backReference(() => this.type());
    else this.pathOf(tag, false);
  }

  private pointer(tag: string): void {
    this.put(POINTERS[tag] as string);
    this.type();
  }

  private array(hasLength: boolean): void {
    this.put("[");
    this.type();
    if (hasLength) {
      this.put("; ");
      this.constant();
    }
    this.put("]");
  }

  private tuple(): void {
    this.put("(");
    const count = this.list(", ", () => this.type());
    this.put(count === 1 ? ",)" : ")");
  }

  private reference(mutability: string): void {
    this.put("&");
    const lifetime = this.reader.eat("L") ? this.reader.base62() : 0;
    if (lifetime > 0) {
      this.lifetime(lifetime);
      this.put(" ");
    }
    this.put(mutability);
    this.type();
  }

  private functionType(): void {
    if (this.reader.eat("U")) this.put("unsafe ");
    if (this.reader.eat("K")) {
      const abi = this.reader.eat("C") ? "C" : this.reader.plainIdentifier().replaceAll("_", "-");
      this.put(`extern "${abi}" `);
    }
    this.put("fn(");
    this.list(", ", () => this.type());
    this.put(")");
    if (this.reader.eat("u")) return;
    this.put(" -> ");
    this.type();
  }

  private dynType(): void {
    this.put("dyn ");
    this.binder(() => this.list(" + ", () => this.dynTrait()));
    if (!this.reader.eat("L")) throw new NotMangled();
    const lifetime = this.reader.base62();
    if (lifetime === 0) return;
    this.put(" + ");
    this.lifetime(lifetime);
  }

  /** Bound types stand among the generic arguments: `Iterator<Item = u8>`. */
  private dynTrait(): void {
    let open = this.reader.eat("I");
    if (open) this.openGenerics(false);
    else this.path(false);
    while (this.reader.eat("p")) {
      this.put(open ? ", " : "<");
      open = true;
      this.put(`${this.reader.plainIdentifier()} = `);
      this.type();
    }
    if (open) this.put(">");
  }

  /** `for<'a, 'b> ` before what `print` prints, if it is bound. */
  private binder(print: () => void): void {
    const count = this.reader.tagged("G");
    if (count > LONGEST) throw new NotMangled();
    const before = this.lifetimes;
    if (count > 0) {
      this.lifetimes += count;
      this.put("for<");
      for (let i = count; i > 0; i--) {
        this.lifetime(i);
        if (i > 1) this.put(", ");
      }
      this.put("> ");
    }
    print();
    this.lifetimes = before;
  }

  /** Counted from the innermost binder; 0 is one that the compiler has erased. */
  private lifetime(index: number): void {
    if (index > this.lifetimes) throw new NotMangled();
    const depth = this.lifetimes - index;
    if (index === 0) this.put("'_");
    else this.put(depth < 26 ? `'${String.fromCharCode(97 + depth)}` : `'_${depth}`);
  }

  private constant(): void {
    this.nested(() => {
      const tag = this.reader.next();
      if (tag === "B") this.reader.backReference(() => this.constant());
      else this.put(tag === "p" ? "_" : this.constantOf(tag));
    });
  }

  private constantOf(type: string): string {
    if (!/[aslxnihtmyojbc]/.test(type)) throw new NotMangled();
    const sign = this.reader.eat("n") ? "-" : "";
    const digits = this.reader.hex();
    if (digits.length > 32) throw new NotMangled();
    const value = BigInt(`0x${digits || "0"}`);
    if (type === "b" && value <= 1n) return value === 1n ? "true" : "false";
    if (type === "c" && value <= 0x10_ffffn) return `'${String.fromCodePoint(Number(value))}'`;
    return sign + value;
  }
}
