/** Which system calls open, close, read, write or fork: a table of bytes by ABI and number. Pure. */
import { add, lsh, mov } from "../../asm/alu";
import { type Block, label } from "../../asm/instruction";
import { jump } from "../../asm/jump";
import { load, loadMapValue } from "../../asm/memory";
import { type Register, r1, r2 } from "../../asm/register";
import { type MapSpec, mappableArray } from "../../bpf/map-spec";
import { bytes } from "../../core/codec";
import { type Abi, compatAbis, syscallNumber } from "../../symbols/syscalls";

/** The byte of a call; 0 for all others. */
export const CallClass = Object.freeze({ open: 1, close: 2, read: 3, write: 4, fork: 5 });

const NAMES: Readonly<Record<keyof typeof CallClass, readonly string[]>> = {
  open: ["open", "openat", "openat2", "creat"],
  close: ["close"],
  read: ["read", "pread64", "readv", "preadv", "preadv2"],
  write: ["write", "pwrite64", "writev", "pwritev", "pwritev2"],
  fork: ["fork", "vfork", "clone", "clone3"],
};

/** Numbers per ABI that have a byte; all known ones are far below. */
const NUMBERS = 512;

/** The map that holds the table. */
export function callClassMap(native: Abi): MapSpec {
  const abis = [native, ...compatAbis(native)];
  const contents = new Uint8Array(abis.length * NUMBERS);
  for (const [kind, names] of Object.entries(NAMES))
    for (const name of names)
      abis.forEach((abi, code) => {
        const number = syscallNumber(abi, name);
        if (number !== undefined)
          contents[code * NUMBERS + number] = CallClass[kind as keyof typeof CallClass];
      });
  const spec = mappableArray("call_classes", bytes(contents.length), 1);
  return { ...(spec as MapSpec), contents };
}

/** `dst` = the class of the call. `abi` holds the ABI's code, at most the number of compatibility modes. Loses r1, r2. */
export function callClass(native: Abi, map: MapSpec, dst: Register, number: Register, abi: Register): Block {
  const other = label("no_class");
  const abis = 1 + compatAbis(native).length;
  return [
    [mov(r1, number), mov(r2, abi), mov(dst, 0)],
    [jump.ge(r1, NUMBERS, other), jump.ge(r2, abis, other)],
    [lsh(r2, Math.log2(NUMBERS)), add(r1, r2), loadMapValue(r2, map), add(r2, r1), load(1, dst, r2, 0)],
    other,
  ];
}
