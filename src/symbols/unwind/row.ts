/** A row of the table that unwind information stands for: where a frame's caller has its registers. */

/** Where the frame begins: the canonical frame address, which is the caller's stack pointer. */
export type CfaRule =
  | { readonly kind: "register"; readonly column: number; readonly offset: number }
  | { readonly kind: "expression"; readonly code: Uint8Array };

/** Where a register of the caller is. Of registers without a rule it is where it was. */
export type RegisterRule =
  /** Lost. Of the return address: there is no caller. */
  | { readonly kind: "undefined" }
  /** In memory, this far from the CFA. */
  | { readonly kind: "saved"; readonly offset: number }
  /** Its value is this far from the CFA. */
  | { readonly kind: "value"; readonly offset: number }
  /** In another register. */
  | { readonly kind: "register"; readonly column: number }
  /** In memory, where the expression says. */
  | { readonly kind: "saved-expression"; readonly code: Uint8Array }
  /** What the expression says. */
  | { readonly kind: "value-expression"; readonly code: Uint8Array };

/** A rule with the column of the register it is about: registers have the numbers of the DWARF ABI. */
export interface ColumnRule {
  readonly column: number;
  readonly rule: RegisterRule;
}

export interface Row {
  readonly cfa: CfaRule;
  readonly rules: readonly ColumnRule[];
  /** The column the return address is in. */
  readonly returnColumn: number;
  /** The return address is undefined: there is no caller. */
  readonly isOutermost: boolean;
  /** The caller was interrupted: its pc is that of an instruction still to come, not of a return. */
  readonly isSignalFrame: boolean;
}
