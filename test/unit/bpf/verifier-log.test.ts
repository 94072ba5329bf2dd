import { mov } from "../../../src/asm/alu";
import { assemble } from "../../../src/asm/assemble";
import { label } from "../../../src/asm/instruction";
import { exit } from "../../../src/asm/jump";
import { r0 } from "../../../src/asm/register";
import { labelAt, logLines, verdictOf } from "../../../src/bpf/verifier-log";

/** Logs as kernels wrote them. */
const logs: [string, string, string, number | undefined][] = [
  [
    "6.18, an unread register",
    `0: R1=ctx() R10=fp0
0: (bf) r0 = r6
R6 !read_ok
processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`,
    "R6 !read_ok",
    0,
  ],
  [
    "6.1, a scalar as a pointer",
    `func#0 @0
0: R1=ctx(off=0,imm=0) R10=fp0
0: (b7) r6 = 0                        ; R6_w=0
1: (15) if r6 == 0x0 goto pc+0
 R1=ctx(off=0,imm=0) R6_w=0 R10=fp0
2: (79) r0 = *(u64 *)(r6 +0)
R6 invalid mem access 'scalar'
processed 3 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`,
    "R6 invalid mem access 'scalar'",
    2,
  ],
  [
    "5.10, an unreachable instruction, before anything is walked",
    `unreachable insn 2
processed 0 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`,
    "unreachable insn 2",
    undefined,
  ],
  [
    "a map value that may be null",
    `5: (85) call bpf_map_lookup_elem#1    ; R0_w=map_value_or_null(id=1,map=counts,ks=4,vs=8)
6: (79) r1 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
verification time 52 usec
stack depth 8
processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`,
    "R0 invalid mem access 'map_value_or_null'",
    6,
  ],
  ["no words at all", "0: (95) exit\n", "0: (95) exit", 0],
];

test.each(logs)("%s", (_name, log, reason, slot) => {
  const lines = logLines(Buffer.from(`${log}\0rubbish`));
  expect(verdictOf(lines)).toEqual({ reason, slot });
});

test("an empty log has no lines", () => {
  expect(logLines(new Uint8Array(8))).toEqual([]);
  expect(verdictOf([])).toEqual({ reason: "no log", slot: undefined });
});

test("a slot stands under the last label before it", () => {
  const first = label("first");
  const second = label("second");
  const program = assemble([mov(r0, 0), first, mov(r0, 1), mov(r0, 2), second, exit()]);
  expect([0, 1, 2, 3].map((slot) => labelAt(program, slot))).toEqual([
    undefined,
    "first",
    "first+1",
    "second",
  ]);
});
