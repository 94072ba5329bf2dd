import { assemble, disassemble, exit, r6 } from "../../../src/asm";
import type { Btf } from "../../../src/bpf/btf/btf";
import {
  checkStackSize,
  copyUserStack,
  DEFAULT_STACK_SIZE,
  UserStackView,
  userStackCodec,
} from "../../../src/probes/user-stack-copy";

/** A kernel that hands registers out, or one where they have to be found. */
function btf(handsOut: boolean): Btf {
  const types: Partial<Btf> = {
    prototype: () => (handsOut ? ({} as never) : undefined),
    requireMember: () => ({ offset: 32, size: 8, type: 1 }),
    find: () => ({ id: 5 }) as never,
    sizeOf: () => 168,
  };
  return types as Btf;
}

function listingOf(stackSize: number, handsOut = true): string {
  const facts = { arch: "x64", btf: () => btf(handsOut) };
  return disassemble(assemble([copyUserStack(userStackCodec("x64", stackSize), facts, r6, 0), exit()]).bytes);
}

const countOf = (text: string, word: string) => text.split(word).length - 1;

test.each([
  ["x64", 21],
  ["arm64", 34],
])("%s: the kernel's words, the length, the stack", (arch, words) => {
  const { size, offsets, holes } = userStackCodec(arch, DEFAULT_STACK_SIZE);
  expect(offsets).toEqual({ registers: 0, length: 8 * words, stack: 8 * words + 8 });
  expect([size, holes]).toEqual([8 * words + 8 + 8192, 0]);
});

test("each piece of a page is read, and what lies before the next page where that fails", () => {
  expect([8, 4096, 4104, 8192, 65528].map((size) => countOf(listingOf(size), "bpf_probe_read_user"))).toEqual(
    [2, 2, 4, 4, 32],
  );
});

test("registers come from the kernel, or from the end of the thread's kernel stack", () => {
  expect(listingOf(8)).toContain("bpf_task_pt_regs");
  const found = listingOf(8, false);
  expect(found).not.toContain("bpf_task_pt_regs");
  // THREAD_SIZE without the registers.
  expect(found).toContain("r3 += 16216");
});

test("without the kernel's types they are not found", () => {
  const facts = { arch: "x64", btf: () => undefined };
  expect(() => copyUserStack(userStackCodec("x64", 8), facts, r6, 0)).toThrow(
    "unwind user stacks: this kernel does not describe its types",
  );
});

test("a copy is seen where it lies", () => {
  const codec = userStackCodec("x64", 64);
  const record = new Uint8Array(16 + codec.size);
  const view = new DataView(record.buffer);
  codec.encode(view, 16, {
    registers: BigUint64Array.from({ length: 21 }, (_, i) => BigInt(i)),
    length: 24,
    stack: Uint8Array.from({ length: 64 }, (_, i) => i),
  });
  const copy = new UserStackView(codec);
  copy.show(view, 16);
  const { words, registersAt, stackAt, stackLength } = copy;
  expect(words.buffer).toBe(record.buffer);
  expect([words[registersAt], words[registersAt + 2 * 20]]).toEqual([0, 20]);
  expect([words[stackAt], words[stackAt + 15]]).toEqual([0x03020100, 0x3f3e3d3c]);
  expect(stackLength).toBe(24);
});

test("sizes", () => {
  expect([8, 65528].map(checkStackSize)).toEqual([8, 65528]);
  for (const size of [0, 4, 12, 65536, Number.NaN])
    expect(() => checkStackSize(size)).toThrow(`stack-size: ${size} is not a multiple of 8 from 8 to 65528`);
});
