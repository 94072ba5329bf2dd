import type { Btf } from "./btf";
import { BtfError } from "./error";
import { MAX_DEPTH } from "./size";
import type { BtfType, Param } from "./type";

/** Types one rendering may visit: far above real declarations; parameters of a damaged blob can fan out. */
const MAX_VISITS = 4096;

/**
 * Writes C declarators from the inside out: `inner` is what has been written so far around the name, and each
 * type wraps it until a type with a name of its own is reached.
 */
class Declarator {
  private visits = 0;

  constructor(private readonly btf: Btf) {}

  declare(id: number, inner: string, depth = 0): string {
    if (depth > MAX_DEPTH || ++this.visits > MAX_VISITS)
      throw new BtfError(`BTF type ${id}: nests too deeply to be written down, a cycle`);
    const type = this.btf.typeById(id);
    const next = (target: number, wrapped: string) => this.declare(target, wrapped, depth + 1);
    switch (type.kind) {
      case "ptr":
        return next(type.type, this.bindsTighter(type.type) ? `(*${inner})` : `*${inner}`);
      case "const":
      case "volatile":
      case "restrict":
        return this.unqualifiedKind(type.type) === "ptr"
          ? next(type.type, join(type.kind, inner))
          : `${type.kind} ${next(type.type, inner)}`;
      case "type_tag": {
        const tag = type.attribute ? `__attribute__((${type.name}))` : `__${type.name}`;
        return next(type.type, join(tag, inner));
      }
      case "array":
        return next(type.type, `${inner}[${type.length === 0 ? "" : type.length}]`);
      case "func_proto":
        return next(type.returns, `${inner}(${this.params(type.params, type.variadic, depth)})`);
      case "func":
      case "var":
        return next(type.type, inner === "" ? type.name : inner);
      default:
        return join(baseName(type), inner);
    }
  }

  private params(params: readonly Param[], variadic: boolean, depth: number): string {
    const written = params.map(({ name, type }) => this.declare(type, name, depth + 1));
    if (variadic) written.push("...");
    return written.length === 0 ? "void" : written.join(", ");
  }

  /** `*` needs parentheses before `[]` and `()`. */
  private bindsTighter(id: number): boolean {
    const kind = this.unqualifiedKind(id);
    return kind === "array" || kind === "func_proto";
  }

  private unqualifiedKind(id: number): BtfType["kind"] {
    let type = this.btf.typeById(id);
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      if (type.kind !== "const" && type.kind !== "volatile" && type.kind !== "restrict") break;
      type = this.btf.typeById(type.type);
    }
    return type.kind;
  }
}

/** `char` and `*s` become `char *s`; nothing is added to an empty declarator or before `[`. */
function join(left: string, inner: string): string {
  return inner === "" ? left : `${left} ${inner}`;
}

function baseName(type: BtfType): string {
  switch (type.kind) {
    case "void":
      return "void";
    case "struct":
    case "union":
      return `${type.kind} ${type.name === "" ? "{ ... }" : type.name}`;
    case "enum":
    case "enum64":
      return `enum ${type.name === "" ? "{ ... }" : type.name}`;
    case "fwd":
      return `${type.of} ${type.name}`;
    case "unknown":
      return `/* kind ${type.number} */`;
    default:
      return "name" in type ? type.name : type.kind;
  }
}

/** The type as C writes it, as the declaration of `name` unless that is empty. */
export function formatType(btf: Btf, id: number, name: string): string {
  return new Declarator(btf).declare(id, name);
}

/** `ssize_t vfs_read(struct file *file, …)`, undefined when BTF has no such function. */
export function formatPrototype(btf: Btf, name: string): string | undefined {
  const prototype = btf.prototype(name);
  return prototype === undefined ? undefined : new Declarator(btf).declare(prototype.id, "");
}
