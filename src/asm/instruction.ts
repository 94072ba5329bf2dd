import { inspect } from "node:util";
import { BpfkitError } from "../core/errors";

/** An instruction, or a program, that cannot be encoded. Its stack starts at the line that wrote the instruction. */
export class AssemblyError extends BpfkitError {
  static {
    AssemblyError.prototype.name = "AssemblyError";
  }
}

type Builder = (...args: never[]) => unknown;

/** Where a value was written. V8 formats a captured stack only when somebody reads it. */
class Origin {
  private readonly stack?: string;

  constructor(builder: Builder) {
    Error.captureStackTrace(this, builder);
  }

  get lines(): readonly string[] {
    const [, ...lines] = (this.stack ?? "").split("\n");
    return lines.map((line) => line.trim());
  }
}

/** A place in a program. List it in a block to place it; name it in a jump to go there. */
export class Label {
  readonly #origin: Origin;

  /** `builder` is the function whose caller wrote the label. */
  constructor(
    readonly name: string,
    builder: Builder,
  ) {
    this.#origin = new Origin(builder);
  }

  /** Where it was made: stack lines, the innermost first. */
  get origin(): readonly string[] {
    return this.#origin.lines;
  }
}

/** A new label. Two labels of the same name are still two places, so a macro can be used twice. */
export function label(name: string): Label {
  if (typeof name !== "string" || name === "") reject(`label: ${quoted(name)} is not a name`, label);
  return new Label(name, label);
}

/** What the assembler needs to know of a map: something to print. The loader puts the descriptor in. */
export interface MapRef {
  readonly name: string;
}

/** What an instruction refers to that has no number yet. */
export type Reference =
  | { readonly kind: "label"; readonly label: Label }
  | { readonly kind: "map"; readonly map: MapRef };

interface Fields {
  readonly opcode: number;
  readonly dst?: number;
  readonly src?: number;
  readonly offset?: number;
  readonly imm?: number;
  /** The upper half of a 64-bit immediate: the instruction then takes two slots. */
  readonly high?: number;
  readonly reference?: Reference;
}

/**
 * One instruction as a value. A slot is eight bytes:
 *
 *     | opcode (8) | dst (4) src (4) | offset (16, signed) | imm (32) |
 *
 * A 64-bit immediate takes a second slot that holds its upper half.
 */
export class Instruction {
  readonly opcode: number;
  readonly dst: number;
  readonly src: number;
  readonly offset: number;
  /** As a signed 32-bit number. */
  readonly imm: number;
  readonly high: number | undefined;
  readonly reference: Reference | undefined;
  readonly #origin: Origin;

  /** `builder` is the function whose caller wrote the instruction. */
  constructor(fields: Fields, builder: Builder) {
    this.opcode = fields.opcode;
    this.dst = fields.dst ?? 0;
    this.src = fields.src ?? 0;
    this.offset = fields.offset ?? 0;
    this.imm = (fields.imm ?? 0) | 0;
    this.high = fields.high === undefined ? undefined : fields.high | 0;
    this.reference = fields.reference;
    this.#origin = new Origin(builder);
  }

  /** How many eight-byte slots it takes. */
  get slots(): 1 | 2 {
    return this.high === undefined ? 1 : 2;
  }

  /** Where it was written: stack lines, the innermost first. */
  get origin(): readonly string[] {
    return this.#origin.lines;
  }
}

/**
 * A function of the program. Wherever and how often it is listed in a block, it stands once, behind the main function, so that
 * a macro can bring along what it calls.
 */
export class Subprogram {
  constructor(
    /** Where it starts. */
    readonly label: Label,
    readonly code: Block,
  ) {}
}

/** A function by its name and its instructions, which end with an exit. */
export function subprogram(name: string, code: Block): Subprogram {
  return new Subprogram(new Label(name, subprogram), code);
}

/** Instructions and labels in order; blocks nest, so a macro is a function that returns a block. */
export type Block = readonly (Instruction | Label | Subprogram | Block)[];

/** Throws an AssemblyError whose stack starts at the caller of `builder`. */
export function reject(message: string, builder: Builder, hint?: string): never {
  const error = new AssemblyError(message, { hint });
  Error.captureStackTrace(error, builder);
  throw error;
}

/** Throws an AssemblyError whose stack is the place where `written` was written. */
export function rejectAt(message: string, written: Instruction | Label): never {
  const error = new AssemblyError(message);
  error.stack = [`${error.name}: ${message}`, ...written.origin.map((line) => `    ${line}`)].join("\n");
  throw error;
}

/** A wrong value as an error message shows it. */
export function quoted(value: unknown): string {
  return typeof value === "string"
    ? JSON.stringify(value)
    : inspect(value, { depth: 0, breakLength: Infinity });
}
