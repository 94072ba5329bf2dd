/** The kernel prints each instruction into the verifier's log as it comes to it: our text must say the same. */
import {
  assemble,
  type Block,
  exit,
  fp,
  mov,
  r0,
  r1,
  r2,
  r3,
  r4,
  r5,
  r6,
  r7,
  r8,
  r9,
  store,
} from "../../../src/asm";
import { ProgLoad } from "../../../src/bpf/attr-layouts";
import { BpfCmd, ProgType } from "../../../src/core/bpf-uapi";
import { Attr } from "../../../src/sys/attr";
import { instructions, out, type Row } from "../../unit/asm/instruction-table";
import { kernelTest } from "./machine";
import { kernel } from "./opened";

/** The log with a line per instruction; the program need not be accepted. */
function logOf(code: Block): string[] {
  const { bytes } = assemble(code);
  const log = new Uint8Array(64 * 1024);
  const attr = Attr.of(ProgLoad, {
    progType: ProgType.BPF_PROG_TYPE_SOCKET_FILTER,
    insnCnt: bytes.length / 8,
    insns: bytes,
    license: Buffer.from("GPL\0"),
    logLevel: 2,
    logBuf: log,
    logSize: log.length,
  });
  const { sys } = kernel();
  const fd = sys.bpf(BpfCmd.BPF_PROG_LOAD, attr);
  if (fd >= 0) sys.close(fd);
  return Buffer.from(log.subarray(0, log.indexOf(0)))
    .toString()
    .split("\n");
}

/** Every register holds what the instruction needs to be reached, and to be printed before it is judged. */
function surrounded([name, instruction]: Row): { readonly code: Block; readonly slot: number } {
  const pointers = /^(load|store|atomic)/.test(name) ? [r0, r1, r2, r6] : [];
  const numbers = [r0, r1, r2, r3, r4, r5, r6, r7, r8, r9].filter((register) => !pointers.includes(register));
  const before = [
    ...numbers.map((register) => mov(register, 1)),
    ...pointers
      .filter((register) => !(name.startsWith("atomic") && register === r1))
      .map((to) => mov(to, fp)),
    name.startsWith("atomic") ? mov(r1, 1) : store(8, fp, -16, 0),
    store(8, fp, -8, 0),
  ];
  const target = instruction.reference?.kind === "label" ? [out] : [];
  const after = instruction.opcode === exit().opcode ? [] : [target, mov(r0, 0), exit()];
  return { code: [before, instruction, after], slot: before.length };
}

/** Where we differ on purpose: labels, helpers without their number, decimal immediates, `ll` as LLVM prints it. */
function inOurWords(line: string): string {
  return line
    .replace(/^\d+: \(..\) /, "")
    .replace(/ *;.*/, "")
    .replace(/goto(l?) pc\+0/, "goto$1 out")
    .replace(/(bpf_\w+)#\d+$/, "$1")
    .replace(/^(r\d+ = 0x[0-9a-f]+)$/, "$1 ll")
    .replace(/^(if \S+ \S+ )(0x[0-9a-f]+)/, (_, start, number) => `${start}${Number(number) | 0}`);
}

/** Needs descriptors, BTF or a second function: what they print is not the instruction alone. */
const elsewhere = /^(callLocal|callKfunc|call unknown|load(Map|BtfId|Function))/;

describe("the verifier's log and the listing agree on", () => {
  for (const row of instructions.filter(([name]) => !elsewhere.test(name)))
    kernelTest(["isa-v4"], row[0], () => {
      const { code, slot } = surrounded(row);
      const line = logOf(code).find((text) => text.startsWith(`${slot}: (`));
      expect(inOurWords(line ?? "the instruction was not reached")).toBe(row[3]);
    });
});
