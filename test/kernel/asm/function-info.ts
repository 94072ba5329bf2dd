/**
 * Loads a program together with the BTF that says where its functions start: what the kernel asks for before
 * it gives a function's address to a helper.
 */
import { assemble, type Block, type Label } from "../../../src/asm";
import { BtfLoad, ProgLoad } from "../../../src/bpf/attr-layouts";
import { encodeBtf } from "../../../src/bpf/btf/encode";
import { Fd } from "../../../src/bpf/fd";
import { Program } from "../../../src/bpf/program";
import { BpfCmd, ProgType } from "../../../src/core/bpf-uapi";
import { struct, u32 } from "../../../src/core/codec";
import { SyscallError } from "../../../src/core/errors";
import { Resources } from "../../../src/core/resources";
import { Attr } from "../../../src/sys/attr";
import { kernel } from "./opened";

/** struct bpf_func_info */
const FunctionInfo = struct({ insnOff: u32, typeId: u32 });

const INT = 1;
const PROTOTYPE = 2;
const FUNCTION = 3;

/** `functions` are the labels at which functions other than the first start. Gives r0 of one run, cut to 32 bits. */
export function runWithFunctions(code: Block, functions: readonly Label[]): number {
  const program = assemble(code);
  const places = [...program.labels].filter(([, labels]) =>
    labels.some((label) => functions.includes(label)),
  );
  const starts = [0, ...places.map(([slot]) => slot)].sort((a, b) => a - b);
  using owned = new Resources();
  const { sys } = kernel();
  const take = (operation: string, fd: number): Fd => {
    if (fd < 0) throw new SyscallError(operation, -fd);
    return owned.use(new Fd(sys, fd));
  };
  const btf = encodeBtf([
    { kind: "int", name: "int", size: 4, bits: 32, offset: 0, signed: true, char: false, bool: false },
    { kind: "func_proto", returns: INT, params: [], variadic: false },
    ...starts.map(
      (start) => ({ kind: "func", name: `f${start}`, type: PROTOTYPE, linkage: "static" }) as const,
    ),
  ]);
  const types = take(
    "load BTF",
    sys.bpf(BpfCmd.BPF_BTF_LOAD, Attr.of(BtfLoad, { btf, btfSize: btf.length })),
  );
  const info = new Uint8Array(starts.length * FunctionInfo.size);
  starts.forEach((insnOff, index) => {
    const at = index * FunctionInfo.size;
    FunctionInfo.encode(new DataView(info.buffer), at, { insnOff, typeId: FUNCTION + index });
  });
  const attr = Attr.of(ProgLoad, {
    progType: ProgType.BPF_PROG_TYPE_SOCKET_FILTER,
    insnCnt: program.bytes.length / 8,
    insns: program.bytes,
    license: Buffer.from("GPL\0"),
    progBtfFd: types.number,
    funcInfoRecSize: FunctionInfo.size,
    funcInfo: info,
    funcInfoCnt: starts.length,
  });
  const fd = take("load program with functions", sys.bpf(BpfCmd.BPF_PROG_LOAD, attr));
  return new Program(sys, "functions", fd).testRun({ data: new Uint8Array(64) });
}
