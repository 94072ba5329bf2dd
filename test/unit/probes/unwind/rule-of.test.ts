import { RuleFlag } from "../../../../src/probes/unwind/rows";
import { rowAtAddress, ruleOf } from "../../../../src/probes/unwind/rule-of";
import { unwindMachine } from "../../../../src/symbols/unwind/machine";
import type { ColumnRule, Row } from "../../../../src/symbols/unwind/row";

const x64 = unwindMachine("x64");
const arm64 = unwindMachine("arm64");

const saved = (column: number, offset: number): ColumnRule => ({ column, rule: { kind: "saved", offset } });

/** A frame on x86-64 as compilers make it: the return address below the CFA. */
function row(changed: Partial<Row> = {}): Row {
  const cfa = { kind: "register", column: 7, offset: 48 } as const;
  return {
    cfa,
    rules: [saved(16, -8)],
    returnColumn: 16,
    isOutermost: false,
    isSignalFrame: false,
    ...changed,
  };
}

const rule = (flags: number, cfaOffset = 0n, returnOffset = 0n, fpOffset = 0n) => ({
  ...{ cfaOffset, returnOffset, fpOffset, flags: BigInt(flags) },
});

test("frames of x86-64", () => {
  expect(ruleOf(row(), x64)).toEqual(rule(0, 48n, -8n));
  expect(ruleOf(row({ rules: [saved(6, -16), saved(3, -24), saved(16, -8)] }), x64)).toEqual(
    rule(RuleFlag.fpSaved, 48n, -8n, -16n),
  );
  expect(ruleOf(row({ cfa: { kind: "register", column: 6, offset: 16 } }), x64)).toEqual(
    rule(RuleFlag.cfaFromFp, 16n, -8n),
  );
  expect(ruleOf(row({ isOutermost: true }), x64)).toEqual(rule(RuleFlag.outermost));
});

test("frames of arm64, whose innermost may have its return address in x30", () => {
  const leaf = row({ cfa: { kind: "register", column: 31, offset: 0 }, rules: [], returnColumn: 30 });
  expect(ruleOf(leaf, arm64)).toEqual(rule(RuleFlag.returnInRegister));
  expect(ruleOf({ ...leaf, rules: [saved(29, -32), saved(30, -24)] }, arm64)).toEqual(
    rule(RuleFlag.fpSaved, 0n, -24n, -32n),
  );
  // Nobody says where it is.
  expect(ruleOf({ ...leaf, rules: [saved(29, -32)] }, arm64)).toBeUndefined();
});

test.each<[string, Partial<Row>]>([
  ["of a signal", { isSignalFrame: true }],
  ["whose CFA counts from another register", { cfa: { kind: "register", column: 10, offset: 8 } }],
  ["whose CFA is an expression", { cfa: { kind: "expression", code: Uint8Array.of(0x77, 8) } }],
  ["without a return address", { rules: [] }],
  ["whose return address is in another column", { returnColumn: 15 }],
  [
    "whose frame pointer is in another register",
    { rules: [saved(16, -8), { column: 6, rule: { kind: "register", column: 3 } }] },
  ],
  ["whose frame pointer is lost", { rules: [saved(16, -8), { column: 6, rule: { kind: "undefined" } }] }],
  ["that saves the stack pointer", { rules: [saved(16, -8), saved(7, -16)] }],
  ["larger than any", { cfa: { kind: "register", column: 7, offset: 2 ** 40 } }],
])("no rule for a frame %s", (_, changed) => {
  expect(ruleOf(row(changed), x64)).toBeUndefined();
});

/** As GNU ld writes it for .plt: rsp + 8 + ((rip & 15) >= 11 ? 8 : 0). */
const PLT = Uint8Array.of(0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22);

test("in a table of others' functions the address says where the CFA is", () => {
  const table = row({ cfa: { kind: "expression", code: PLT } });
  const at = (address: number) => rowAtAddress(table, x64, address)?.cfa;
  expect(at(0x5000)).toEqual({ kind: "register", column: 7, offset: 8 });
  expect(at(0x500a)).toEqual({ kind: "register", column: 7, offset: 8 });
  expect(at(0x500b)).toEqual({ kind: "register", column: 7, offset: 16 });
});

test.each([
  ["a register that is not followed", [0x73, 8]],
  ["memory", [0x77, 8, 0x06]],
  ["twice the stack pointer", [0x77, 0, 0x77, 0, 0x22]],
  ["something damaged", [0x22]],
])("an expression that asks for %s stays one", (_, code) => {
  expect(
    rowAtAddress(row({ cfa: { kind: "expression", code: Uint8Array.from(code) } }), x64, 16),
  ).toBeUndefined();
});

test("a row that is none of these is left as it is", () => {
  expect(rowAtAddress(row(), x64, 16)).toBeUndefined();
});
