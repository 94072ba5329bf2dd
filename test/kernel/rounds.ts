/** How often to do what is counted: an emulated machine takes some ten times as long for each round. */
export function rounds(here: number, inGuest: number): number {
  return process.env["BPFKIT_GUEST"] === undefined ? here : inGuest;
}
