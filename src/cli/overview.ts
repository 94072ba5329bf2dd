import type { CommandEntry } from "../commands/command";

/** `bpfkit --help`: made by hand, since loading the parser takes longer than everything else about it. */
export function overview(commands: readonly CommandEntry[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2;
  return `Usage: bpfkit COMMAND [options] [-- PROGRAM [argument...]]

Look into a running Linux system with eBPF.

Commands:
${commands.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`).join("\n")}

Options:
  -h, --help     show this help; after a command, its options
  -V, --version  show the version

Examples:
${commands.map(({ example }) => `  bpfkit ${example}`).join("\n")}

"bpfkit COMMAND --help" shows the options of a command and more examples.
`;
}
