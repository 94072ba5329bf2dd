import type { GuestKernel } from "./kernels";

const passedOn = /^(BPFKIT_|TERM$|COLORTERM$|NO_COLOR$|FORCE_COLOR$|UPDATE_GOLDEN$)/;

/**
 * The environment of a command in a guest. Few of the host's variables mean anything there; those that steer bpfkit
 * or the terminal are passed on.
 */
export function guestEnvironment(
  kernel: GuestKernel,
  host: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(host)) {
    if (value !== undefined && passedOn.test(name)) environment[name] = value;
  }
  return {
    ...environment,
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: "/root",
    USER: "root",
    LANG: "C.UTF-8",
    // Starting bpfkit is what tests do most, and V8's helper threads only take turns with it on an emulated processor.
    NODE_OPTIONS: "--v8-pool-size=1",
    // The skip must not lie here either: everything a guest should be able to run has to run.
    BPFKIT_REQUIRE_KERNEL: "1",
    BPFKIT_GUEST: kernel.name,
  };
}
