/** Readable names for those that compilers of C++ and Rust make. */
import { demangleRustLegacy } from "./rust-legacy";
import { demangleRustV0 } from "./rust-v0";

/** What turns one mangled name into a readable one; undefined for a name it does not know. */
export type Demangler = (mangled: string) => string | undefined;

/** A name made in malice takes time and memory out of proportion. GNU's runtime gives up above 1,024 letters itself. */
const LONGEST = 4096;
/** The names of one large program; a profile of the whole machine has fewer. */
const CACHED = 100_000;

/**
 * A function that makes names readable; those that are not mangled stay as they are. `cxx` does so for C++ names:
 * `openCxxDemangler` in sys/linux.
 */
export function demangler(cxx: Demangler = () => undefined): (name: string) => string {
  const known = new Map<string, string>();
  return (name) => {
    if (!isMangled(name)) return name;
    let readable = known.get(name);
    if (readable === undefined) {
      readable =
        name.length > LONGEST
          ? name
          : (demangleRustLegacy(name) ?? demangleRustV0(name) ?? cxx(name) ?? name);
      if (known.size < CACHED) known.set(name, readable);
    }
    return readable;
  };
}

/** What begins otherwise would be taken for a type: "i" for "int". */
function isMangled(name: string): boolean {
  return name.startsWith("_Z") || name.startsWith("_R");
}
