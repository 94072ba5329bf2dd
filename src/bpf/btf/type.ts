/** BTF types as objects. Every `type` is the id of another type; 0 is `void`. Anonymous means `name: ""`. */

/** Type id 0. */
export interface VoidType {
  readonly kind: "void";
  readonly id: number;
}

/** An integer: `bits` of its `size` bytes are used, from bit `offset` on (0 in anything compilers emit today). */
export interface IntType {
  readonly kind: "int";
  readonly id: number;
  readonly name: string;
  readonly size: number;
  readonly bits: number;
  readonly offset: number;
  readonly signed: boolean;
  readonly char: boolean;
  readonly bool: boolean;
}

/** A pointer to `type`, or `type` with a qualifier. */
export interface ModifiedType {
  readonly kind: "ptr" | "volatile" | "const" | "restrict";
  readonly id: number;
  readonly type: number;
}

export interface ArrayType {
  readonly kind: "array";
  readonly id: number;
  readonly type: number;
  readonly indexType: number;
  /** Number of elements; 0 for a flexible array. */
  readonly length: number;
}

/** A member of a struct or union. */
export interface Member {
  readonly name: string;
  readonly type: number;
  /** Bits from the start of the struct. */
  readonly bitOffset: number;
  /** Width of a bit field; 0 for a plain member. */
  readonly bitfieldSize: number;
}

export interface CompositeType {
  readonly kind: "struct" | "union";
  readonly id: number;
  readonly name: string;
  readonly size: number;
  readonly members: readonly Member[];
}

export interface EnumType {
  readonly kind: "enum";
  readonly id: number;
  readonly name: string;
  readonly size: number;
  readonly signed: boolean;
  readonly values: readonly { readonly name: string; readonly value: number }[];
}

export interface Enum64Type {
  readonly kind: "enum64";
  readonly id: number;
  readonly name: string;
  readonly size: number;
  readonly signed: boolean;
  readonly values: readonly { readonly name: string; readonly value: bigint }[];
}

/** A struct or union that is only declared. */
export interface FwdType {
  readonly kind: "fwd";
  readonly id: number;
  readonly name: string;
  readonly of: "struct" | "union";
}

export interface TypedefType {
  readonly kind: "typedef";
  readonly id: number;
  readonly name: string;
  readonly type: number;
}

/** Who may refer to a function or variable. */
export type Linkage = "static" | "global" | "extern";

/** A function; `type` is its func_proto. */
export interface FuncType {
  readonly kind: "func";
  readonly id: number;
  readonly name: string;
  readonly type: number;
  readonly linkage: Linkage;
}

export interface Param {
  readonly name: string;
  readonly type: number;
}

export interface FuncProtoType {
  readonly kind: "func_proto";
  readonly id: number;
  readonly returns: number;
  readonly params: readonly Param[];
  /** True when `...` follows the parameters. */
  readonly variadic: boolean;
}

export interface VarType {
  readonly kind: "var";
  readonly id: number;
  readonly name: string;
  readonly type: number;
  readonly linkage: Linkage;
}

/** An ELF section and where its variables stand in it, in bytes; `type` is the variable's. */
export interface DatasecType {
  readonly kind: "datasec";
  readonly id: number;
  readonly name: string;
  readonly size: number;
  readonly variables: readonly { readonly type: number; readonly offset: number; readonly size: number }[];
}

export interface FloatType {
  readonly kind: "float";
  readonly id: number;
  readonly name: string;
  readonly size: number;
}

/** A tag on a declaration, or on its member or parameter number `component`. */
export interface DeclTagType {
  readonly kind: "decl_tag";
  readonly id: number;
  readonly name: string;
  readonly type: number;
  readonly component: number | undefined;
  /** True for a compiler attribute rather than a BTF tag. */
  readonly attribute: boolean;
}

/** A tag on a type, such as `user` for `__user`. */
export interface TypeTagType {
  readonly kind: "type_tag";
  readonly id: number;
  readonly name: string;
  readonly type: number;
  /** True for a compiler attribute rather than a BTF tag. */
  readonly attribute: boolean;
}

/** A type of a kind newer than bpfkit, which the blob's layout section let it step over. */
export interface UnknownType {
  readonly kind: "unknown";
  readonly id: number;
  readonly number: number;
}

/** Any BTF type. */
export type BtfType =
  | VoidType
  | IntType
  | ModifiedType
  | ArrayType
  | CompositeType
  | EnumType
  | Enum64Type
  | FwdType
  | TypedefType
  | FuncType
  | FuncProtoType
  | VarType
  | DatasecType
  | FloatType
  | DeclTagType
  | TypeTagType
  | UnknownType;

/** The BTF type of kind `K`. */
export type TypeOfKind<K> = BtfType extends infer T
  ? T extends { readonly kind: infer O }
    ? K extends O
      ? T & { readonly kind: K }
      : never
    : never
  : never;

/** The kinds that carry a name of their own. */
export type NamedKind = Extract<BtfType, { readonly name: string }>["kind"];
