/** Names of user addresses. */
import type { Frame } from "../../output/stacks/profile";
import type { UserNames } from "./stack-names";

/** Shows addresses as they are. */
export function addressesOnly(): UserNames {
  const known = new Map<bigint, readonly Frame[]>();
  return {
    frames: (_pid, _comm, address) => {
      let frames = known.get(address);
      if (frames === undefined) {
        frames = [{ name: `[0x${address.toString(16)}]`, kind: "user", address }];
        known.set(address, frames);
      }
      return frames;
    },
    meet: () => {},
    meetAgain: () => {},
  };
}
