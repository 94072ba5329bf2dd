/**
 * How often to do what is counted, or how much to ask for: an emulated machine takes some ten times as long for
 * everything.
 */
export function rounds(here: number, inGuest: number): number {
  return process.env["BPFKIT_GUEST"] === undefined ? here : inGuest;
}
