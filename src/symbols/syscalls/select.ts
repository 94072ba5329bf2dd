/**
 * A choice of system calls written as a comma list:
 *
 *     openat            by name, in every ABI that has it
 *     257, #257         by number, native ABI only: elsewhere it is another call
 *     %file, %net       a group
 *     /^epoll/          names a regular expression matches
 *     ia32:open         any of the above in one ABI only, as the calls are displayed
 *     !futex            all of the above: not these
 *
 * The order does not matter: what is selected, or everything if nothing is, less what is excluded.
 */
import { messageOf, UsageError } from "../../core/errors";
import { didYouMean } from "../../core/suggest";
import { groupMembers, syscallGroup, syscallGroups } from "./groups";
import { type Abi, abiPrefix, compatAbis, syscallNumber, syscallTable } from "./index";

/** The choice within one ABI. */
export interface AbiSelection {
  /** True: all but `numbers`, those outside the table included. False: only `numbers`. */
  readonly except: boolean;
  /** Ascending. */
  readonly numbers: readonly number[];
  includes(number: number): boolean;
}

/** The choice in every ABI of a kernel. */
export interface SyscallSelection {
  of(abi: Abi): AbiSelection;
}

/** Numbers by ABI. */
type Chosen = Map<Abi, Set<number>>;

interface Item {
  /** As written, without the `!`. */
  readonly text: string;
  readonly negated: boolean;
  /** The ABIs it speaks of; the native one is the first, if it is among them. */
  readonly abis: readonly Abi[];
  /** What follows the prefix. */
  readonly what: string;
}

/** Commas separate, but not inside a regular expression. */
const listItem = /^\s*(!?)\s*((?:[a-z0-9]+:)?(?:\/(?:\\.|[^\\/])*(?:\/|$)|[^,]*?))\s*(?:,|$)/;

/** Takes the ABI's prefix off. */
function within(text: string, abis: readonly Abi[]): { abis: readonly Abi[]; what: string } {
  const prefix = /^[a-z0-9]+:/.exec(text)?.[0];
  if (prefix === undefined) return { abis, what: text };
  const only = abis.filter((abi) => abiPrefix(abi) === prefix);
  if (only.length === 0)
    throw new UsageError(`system calls: "${text}": this architecture has no "${prefix}"`, {
      hint: `it has ${abis.slice(1).map(abiPrefix).join(" and ")}`,
    });
  return { abis: only, what: text.slice(prefix.length) };
}

function parse(list: string, abis: readonly Abi[]): Item[] {
  const items: Item[] = [];
  for (let rest = list, more = true; more; ) {
    const [whole = "", mark = "", text = ""] = listItem.exec(rest) ?? [];
    if (text === "") throw new UsageError(`system calls: "${list}" has an empty item`);
    more = whole.endsWith(",");
    rest = rest.slice(whole.length);
    items.push({ text, negated: mark === "!", ...within(text, abis) });
  }
  return items;
}

function matching(item: Item, matches: (name: string) => boolean): Chosen {
  const numbersIn = (abi: Abi): number[] =>
    Object.entries(syscallTable(abi)).flatMap(([number, name]) => (matches(name) ? [Number(number)] : []));
  return new Map(item.abis.map((abi) => [abi, new Set(numbersIn(abi))]));
}

function byExpression(item: Item): Chosen {
  let expression: RegExp;
  try {
    expression = new RegExp(item.what.slice(1).replace(/\/$/, ""));
  } catch (error) {
    throw new UsageError(`system calls: "${item.text}": ${messageOf(error)}`, { cause: error });
  }
  return matching(item, (name) => expression.test(name));
}

function byGroup(item: Item): Chosen {
  const name = item.what.slice(1);
  const group = syscallGroup(name);
  if (group === undefined) {
    const nearest = didYouMean(name, syscallGroups)?.replace('"', '"%');
    throw new UsageError(`system calls: unknown group "${item.text}"`, {
      hint: nearest ?? `groups are ${syscallGroups.map((known) => `%${known}`).join(", ")}`,
    });
  }
  return new Map(
    item.abis.map((abi) => [abi, new Set(groupMembers(group, abi).map((call) => syscallNumber(abi, call)!))]),
  );
}

function byName(item: Item): Chosen {
  const chosen = matching(item, (name) => name === item.what);
  if ([...chosen.values()].every((numbers) => numbers.size === 0)) {
    const names = item.abis.flatMap((abi) => Object.values(syscallTable(abi)));
    throw new UsageError(`system calls: unknown name "${item.text}"`, { hint: didYouMean(item.what, names) });
  }
  return chosen;
}

function choose(item: Item): Chosen {
  if (item.what.startsWith("/")) {
    const chosen = byExpression(item);
    if ([...chosen.values()].every((numbers) => numbers.size === 0))
      throw new UsageError(`system calls: no name matches "${item.text}"`, {
        hint: item.what.endsWith("/") ? undefined : 'end the expression with "/" if more items follow',
      });
    return chosen;
  }
  if (item.what.startsWith("%")) return byGroup(item);
  const number = /^#?([0-9]{1,9})$/.exec(item.what)?.[1];
  return number === undefined ? byName(item) : new Map([[item.abis[0]!, new Set([Number(number)])]]);
}

/** The union of what the items choose in one ABI. */
function union(chosen: readonly Chosen[], abi: Abi): Set<number> {
  return new Set(chosen.flatMap((each) => [...(each.get(abi) ?? [])]));
}

/** Parses a choice of system calls for a kernel with this native ABI; a UsageError says what is not understood. */
export function selectSyscalls(list: string, native: Abi): SyscallSelection {
  const abis = [native, ...compatAbis(native)];
  const items = parse(list, abis);
  const selected = items.filter((item) => !item.negated).map(choose);
  const excluded = items.filter((item) => item.negated).map(choose);
  const except = selected.length === 0;
  const of = (abi: Abi): AbiSelection => {
    const without = union(excluded, abi);
    const set = except
      ? without
      : new Set([...union(selected, abi)].filter((number) => !without.has(number)));
    return {
      except,
      numbers: [...set].sort((a, b) => a - b),
      includes: (number) => set.has(number) !== except,
    };
  };
  if (!except && abis.every((abi) => of(abi).numbers.length === 0))
    throw new UsageError(`system calls: "${list}" excludes all it selects`);
  return { of };
}
