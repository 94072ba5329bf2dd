/** Which system calls count, as a table of bytes by ABI and number. Pure. */
import { add, lsh, mov } from "../asm/alu";
import { type Block, type Label, label } from "../asm/instruction";
import { jump, jump32 } from "../asm/jump";
import { load, loadMapValue } from "../asm/memory";
import { type Register, r1, r2 } from "../asm/register";
import { type MapSpec, mappableArray } from "../bpf/map-spec";
import { bytes } from "../core/codec";
import { type Abi, compatAbis } from "../symbols/syscalls";
import type { SyscallSelection } from "../symbols/syscalls/select";

/** Numbers per ABI that have a byte; all known ones are far below. */
const NUMBERS = 512;
const SHIFT = Math.log2(NUMBERS);

/** The map that holds the table. */
export function selectionMap(selection: SyscallSelection, native: Abi): MapSpec {
  const abis = [native, ...compatAbis(native)];
  const contents = new Uint8Array(abis.length * NUMBERS);
  abis.forEach((abi, code) => {
    const chosen = selection.of(abi);
    for (let number = 0; number < NUMBERS; number++)
      contents[code * NUMBERS + number] = chosen.includes(number) ? 1 : 0;
  });
  const spec = mappableArray("selected_calls", bytes(contents.length), 1);
  return { ...(spec as MapSpec), contents };
}

/**
 * Goes to `drop` unless the call is selected. `abi` holds the ABI's code, at most the number of compatibility
 * modes. Loses r1 and r2.
 */
export function keepSelected(
  selection: SyscallSelection,
  native: Abi,
  map: MapSpec,
  number: Register,
  abi: Register,
  drop: Label,
): Block {
  const kept = label("selected");
  const outside = label("outside_table");
  const abis = [native, ...compatAbis(native)];
  return [
    jump.ge(number, NUMBERS, outside),
    [mov(r1, abi), jump.ge(r1, abis.length, drop), lsh(r1, SHIFT), add(r1, number)],
    [loadMapValue(r2, map), add(r2, r1), load(1, r1, r2, 0), jump.eq(r1, 0, drop), jump.always(kept)],
    outside,
    abis.map((name, code) => keepOutside(selection, name, code, number, abi, drop)),
    kept,
  ];
}

/** Numbers no table knows are rare: a comparison for each that was asked for. */
function keepOutside(
  selection: SyscallSelection,
  name: Abi,
  code: number,
  number: Register,
  abi: Register,
  drop: Label,
): Block {
  const next = label("other_abi");
  const { except, numbers } = selection.of(name);
  const listed = numbers.filter((one) => one >= NUMBERS);
  return [
    jump.ne(abi, code, next),
    except
      ? listed.map((one) => jump32.eq(number, one, drop))
      : [listed.map((one) => jump32.eq(number, one, next)), jump.always(drop)],
    next,
  ];
}
