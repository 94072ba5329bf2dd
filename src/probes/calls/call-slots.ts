/** What arguments lead to, read into a record that is in r9. Pure. */
import { add, mov, sub } from "../../asm/alu";
import { helper } from "../../asm/helper-ids";
import { type Block, label } from "../../asm/instruction";
import { call, jump } from "../../asm/jump";
import { load, store } from "../../asm/memory";
import { fp, type Register, r0, r1, r2, r3, r9 } from "../../asm/register";
import type { Btf } from "../../bpf/btf/btf";
import { NotSupportedError } from "../../core/errors";
import { writeInode, writePath } from "../file-path";
import { SLOT_HEAD, type Slot } from "./call-record";
import { ADDRESS_SIZES, AddressFamily, UNIX_PATH } from "./sockaddr";
import type { Memory } from "./value-form";

const POINTER = 8;
/** An int, in the second half of a slot's head. */
const LENGTH_AT = 4;
const LENGTH_SIZE = 4;

export interface SlotPlace {
  /** Where in the record the word is that leads to it. */
  readonly word: number;
  /** Where the word of another argument is. */
  wordOf(index: number): number;
  /** Where arguments of this function lead. */
  readonly memory: Memory;
  /** A register that calls keep, to use. */
  readonly spare: Register;
  /** End of the stack to use: five pointers. */
  readonly stack: number;
  readonly btf: Btf | undefined;
}

/** Fills one slot, its head last. Loses r0–r5 and the spare register. */
export function fillSlot(slot: Slot, place: SlotPlace): Block {
  const { form, at } = slot;
  const to = at + SLOT_HEAD;
  const { word } = place;
  const memory =
    form.kind === "path" ? "kernel" : (form.memory ?? (place.memory === "user" ? "user" : "any"));
  const setHead = [store(4, r9, at, r0), store(4, r9, at + 4, 0)];
  switch (form.kind) {
    case "string":
      return [read({ memory, word, to, size: slot.size, how: "string" }), setHead];
    case "numbers":
      return [read({ memory, word, to, size: form.element.size * form.count, how: "bytes" }), setHead];
    case "sockaddr":
      return [readAddress(memory, word, to), setHead, readLength(slot, place)];
    case "path":
      return readFilePath(slot, place);
  }
}

/** Of what the kernel's own types do not tell whose it is, what is none of the kernel's is the caller's. */
type Where = Memory | "any";

interface Reading {
  readonly memory: Where;
  /** Where in the record the address is, and how far behind it to read. */
  readonly word: number;
  readonly behind?: number;
  readonly to: number;
  readonly size: number;
  readonly how: "string" | "bytes";
}

const HELPERS = {
  string: { user: helper.probeReadUserStr, kernel: helper.probeReadKernelStr },
  bytes: { user: helper.probeReadUser, kernel: helper.probeReadKernel },
} as const;

/** r0 = the length of a string with its NUL, 0 for bytes, or −errno. Loses r1–r5. */
function read({ memory, word, behind = 0, to, size, how }: Reading): Block {
  const from = (whose: Memory): Block => [
    [mov(r1, r9), add(r1, to), mov(r2, size), load(8, r3, r9, word)],
    behind === 0 ? [] : add(r3, behind),
    call(HELPERS[how][whose]),
  ];
  if (memory !== "any") return from(memory);
  const known = label("read");
  const succeeded = how === "string" ? jump.sgt(r0, 0, known) : jump.eq(r0, 0, known);
  return [from("kernel"), succeeded, from("user"), known];
}

/** An address of a socket: as many bytes as its family has, since no more need be there. r0 as of `read`. */
function readAddress(memory: Where, word: number, to: number): Block {
  const done = label("address");
  const bytes = (size: number) => read({ memory, word, to, size, how: "bytes" });
  const families = (["inet", "inet6", "netlink"] as const).map((family): Block => {
    const other = label("other_family");
    return [
      [load(2, r1, r9, to), jump.ne(r1, AddressFamily[family], other)],
      [bytes(ADDRESS_SIZES[family]), jump.always(done), other],
    ];
  });
  const { at, size } = UNIX_PATH;
  const path = (skipped: number) =>
    read({ memory, word, behind: at + skipped, to: to + at + skipped, size: size - skipped, how: "string" });
  return [
    [bytes(2), jump.ne(r0, 0, done)],
    families,
    [load(2, r1, r9, to), mov(r0, 0), jump.ne(r1, AddressFamily.unix, done)],
    // An abstract name stands behind a NUL. Of nothing but that, older kernels count none (strncpy_from_user_nofault).
    [path(0), jump.gt(r0, 1, done), path(1)],
    done,
  ];
}

/** Of an address that the call has written, behind the slot's head. 0 where it cannot be read. Loses r0–r5. */
function readLength({ form, at }: Slot, { wordOf }: SlotPlace): Block {
  if (form.kind !== "sockaddr" || !form.written || form.length === undefined) return [];
  const word = wordOf(form.length);
  return read({ memory: "user", word, to: at + LENGTH_AT, size: LENGTH_SIZE, how: "bytes" });
}

function readFilePath({ form, at }: Slot, { word, spare, stack, btf }: SlotPlace): Block {
  if (btf === undefined)
    throw new NotSupportedError("path: finding it needs the kernel's BTF", {
      hint: "this kernel has no /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF)",
    });
  const pointer = stack - POINTER;
  const place = { room: r9, position: spare, stack: pointer };
  const holder = form.kind === "path" ? form.of : "file";
  return [
    [load(8, r1, r9, word), store(8, fp, pointer, r1), add(r9, at + SLOT_HEAD)],
    writePath(btf, { holder, pointer, ...place }),
    writeInode(btf, place),
    [sub(r9, at + SLOT_HEAD), store(4, r9, at, spare), store(4, r9, at + 4, 0)],
  ];
}
