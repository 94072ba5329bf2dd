/** Argument blocks that only probes need. The others are in `../attr-layouts`. */
import { struct, u32, u64 } from "../../core/codec";

/** BPF_PROG_QUERY */
export const ProgQuery = struct({
  targetFd: u32,
  attachType: u32,
  queryFlags: u32,
  attachFlags: u32,
  progIds: u64,
  progCnt: u32,
});
