/** The parameters of a system call by its name. Pure. */
import type { Abi } from "../../symbols/syscalls";
import { withLengths } from "./sockaddr";
import { syscallArguments } from "./syscall-arguments";
import { choiceForm, namedForm } from "./syscall-flags";
import { formNamed, type Param, plainWord, type ValueForm } from "./value-form";

/** arm64 has the last two the other way round: CONFIG_CLONE_BACKWARDS. */
const ARM64_CLONE = "clone_flags:x newsp:x parent_tidptr:x tls:x child_tidptr:x";

const REGISTERS = 6;

/** Of a call that is not known: its registers. */
const unknown: readonly Param[] = Array.from({ length: REGISTERS }, (_, i) => ({
  name: `arg${i + 1}`,
  form: plainWord,
}));

export function syscallParams(name: string, abi: Abi): readonly Param[] {
  const known = Object.hasOwn(syscallArguments, name) ? syscallArguments[name] : undefined;
  const text = name === "clone" && abi === "arm64" ? ARM64_CLONE : known;
  if (text === undefined) return unknown;
  if (text === "") return [];
  const params = text.split(" ").map((part): Param => {
    const [param = "", form = ""] = part.split(":");
    if (form === "dirfd") return { name: param, form: choiceForm("directory", 4) };
    return { name: param, form: namedForm(name, param, formNamed(form, param), abi) };
  });
  return withLengths(params);
}

/** Calls that give an address. */
const ADDRESSES: ReadonlySet<string> = new Set(["mmap", "mremap", "brk", "shmat"]);

/** How a call's result is shown; error numbers besides. */
export function syscallResult(name: string): ValueForm {
  return ADDRESSES.has(name) ? plainWord : { kind: "int", size: 8, signed: true };
}
