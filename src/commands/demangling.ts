/** Names of C++ take the runtime's help, which is loaded when stacks are named and not before. */
export function demangling(): (name: string) => string {
  const { openCxxDemangler } = require("../sys/linux") as typeof import("../sys/linux");
  const { demangler } = require("../symbols/demangle") as typeof import("../symbols/demangle");
  return demangler(openCxxDemangler());
}
