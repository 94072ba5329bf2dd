/** Names that rustc 1.95 has made, and what GNU's c++filt makes of them without hashes and types of constants. */
import fc from "fast-check";
import { demangleRustV0 } from "../../../src/symbols/rust-v0";

test.each([
  ["_RNvCs6xxl1lAjzDf_1a4main", "a::main"],
  ["_RNvNtCs6xxl1lAjzDf_1a4deep7dynamic", "a::deep::dynamic"],
  ["_RNvNtCs6xxl1lAjzDf_1a4deepu9gre_6ka8l", "a::deep::grüße"],
  ["_RNvMs_NtCs6xxl1lAjzDf_1a4deepINtB4_4Box2hKj3_E3ownB6_", "<a::deep::Box2<u8, 3>>::own"],
  ["_RNCNvMs_NtCs6xxl1lAjzDf_1a4deepINtB6_4Box2hKj3_E3own0B8_", "<a::deep::Box2<u8, 3>>::own::{closure#0}"],
  ["_RINvNtCs6xxl1lAjzDf_1a4deep5takesNCNvB4_4mains_0EB4_", "a::deep::takes::<a::main::{closure#1}>"],
  ["_RNvMs1_NtCs6xxl1lAjzDf_1a4deepINtB5_4FlagKb1_Kc78_Kln5_E3getB7_", "<a::deep::Flag<true, 'x', -5>>::get"],
  ["_RNvXs0_NtCs6xxl1lAjzDf_1a4deepTldENtB5_6Speak22go", "<(i32, f64) as a::deep::Speak2>::go"],
  [
    "_RNvXNtCsgEmfK2I1SDS_4core3anyReNtB2_3Any7type_idCsjrHSEGnQ3l9_3std",
    "<&str as core::any::Any>::type_id",
  ],
  [
    "_RNSNvYNCNvNtNtCsjrHSEGnQ3l9_3std3sys9backtrace10__print_fmt0INtNtNtCsgEmfK2I1SDS_4core3ops8function6FnOnceTQNtNtB13_3fmt9FormatterNtNtNtBc_12backtrace_rs5types17BytesOrWideStringEE9call_once6vtableBc_",
    "<std::sys::backtrace::_print_fmt::{closure#0} as core::ops::function::FnOnce<(&mut core::fmt::Formatter, std::backtrace_rs::types::BytesOrWideString)>>::call_once::{shim:vtable#0}",
  ],
  ["_RINvC1a1fDNtC1b1tp3OutxEL_E", "a::f::<dyn b::t<Out = i64>>"],
  ["_RINvC1a1fFG_KCRL0_hEBa_E", undefined],
  ["_RINvC1a1fFG_KCRL0_hEuE", `a::f::<for<'a> extern "C" fn(&'a u8)>`],
  ["_RINvC1a1fFUPaOsEuE", "a::f::<unsafe fn(*const i8, *mut i16)>"],
  ["_RINvC1a1fSeAhj10_TtEE", "a::f::<[str], [u8; 16], (u16,)>"],
  ["_RNvC1a1f.llvm.1234", "a::f"],
  ["_RNvC1a", undefined],
  ["_RNvC1a1fzzz", undefined],
  ["_RNvB_1f", undefined],
  ["_ZN1a1fE", undefined],
  ["_R", undefined],
])("%s", (mangled, expected) => expect(demangleRustV0(mangled)).toBe(expected));

test("a name that unfolds without end is left alone", () => {
  // Each pair refers to the one before it twice: 2^n parts.
  let name = "INvC1a1fT";
  let previous = name.length - 1;
  name += "hhE";
  for (let i = 0; i < 40; i++) {
    const place = name.length;
    const back = `B${previous === 0 ? "" : toBase62(previous - 1)}_`;
    name += `T${back}${back}E`;
    previous = place;
  }
  expect(demangleRustV0(`_R${name}E`)).toBeUndefined();
});

const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const toBase62 = (value: number): string =>
  (value >= 62 ? toBase62(Math.floor(value / 62)) : "") + (DIGITS[value % 62] as string);

test("names of any form come back as a name or not at all", () => {
  const letter = fc.constantFrom(..."CNMXYIBRQPOTASFDKLGEpusnv_0123456789abchx");
  fc.assert(
    fc.property(fc.string({ unit: letter, maxLength: 60 }), (text) => {
      const found = demangleRustV0(`_R${text}`);
      expect(found === undefined || found.length <= 16_384).toBe(true);
    }),
    { numRuns: 5000 },
  );
});
