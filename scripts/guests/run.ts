import { text } from "node:stream/consumers";
import { parseRunArguments } from "./arguments";
import { boot, prepareGuest } from "./boot";
import { guestEnvironment } from "./environment";
import { createExchange } from "./exchange";
import { requireHostTools } from "./host-tools";
import { runMain } from "./main-program";
import { projectFolder } from "./project";

/** `npm run guest -- KERNEL [-- COMMAND ARG…]`: a command, or a shell, in that kernel. */
async function main(signal: AbortSignal): Promise<number> {
  const options = parseRunArguments(process.argv.slice(2));
  const { kernel, command } = options;
  requireHostTools([kernel.architecture]);
  const log = (line: string) => process.stderr.write(`${kernel.name}: ${line}\n`);
  const guest = await prepareGuest(kernel, log);
  const interactive = command.length === 0 && process.stdin.isTTY;
  if (interactive) log("booting; leave the shell with Ctrl-D or exit");
  const exchange = await createExchange({
    cwd: projectFolder,
    environment: guestEnvironment(kernel),
    words:
      command.length > 0
        ? command
        : interactive
          ? ["bash", "--login"]
          : ["bash", "-c", await text(process.stdin)],
  });
  try {
    const end = await boot({
      guest,
      exchange,
      memoryMiB: options.memoryMiB,
      timeoutSeconds: options.timeoutSeconds,
      signal,
      ...(interactive ? { terminal: terminalSettings() } : {}),
      onStdout: (chunk) => process.stdout.write(chunk),
      onStderr: (chunk) => process.stderr.write(chunk),
    });
    if (options.verbose)
      log(`booted in ${end.bootSeconds.toFixed(1)} s, ran for ${end.commandSeconds.toFixed(1)} s`);
    return end.status;
  } finally {
    await exchange.remove();
  }
}

function terminalSettings(): string {
  const { columns = 80, rows = 24 } = process.stdout;
  return `sane rows ${rows} columns ${columns}`;
}

runMain(main);
