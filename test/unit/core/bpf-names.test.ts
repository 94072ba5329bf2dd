import {
  attachTypeName,
  bpfCmdName,
  linkTypeName,
  mapTypeName,
  progTypeName,
} from "../../../src/core/bpf-names";
import { BpfCmd, MapFlag, MapUpdate, PerfEventFlag, RingBufferHeader } from "../../../src/core/bpf-uapi";

test.each([
  ["command 0", bpfCmdName(0), "BPF_MAP_CREATE"],
  ["command 10, which has two names", bpfCmdName(10), "BPF_PROG_TEST_RUN"],
  ["command 36, newer than the headers", bpfCmdName(36), "BPF_TOKEN_CREATE"],
  ["map 5", mapTypeName(5), "BPF_MAP_TYPE_PERCPU_HASH"],
  ["map 27", mapTypeName(27), "BPF_MAP_TYPE_RINGBUF"],
  ["program 17", progTypeName(17), "BPF_PROG_TYPE_RAW_TRACEPOINT"],
  ["attach 24", attachTypeName(24), "BPF_TRACE_FENTRY"],
  ["attach 48", attachTypeName(48), "BPF_TRACE_UPROBE_MULTI"],
  ["link 7", linkTypeName(7), "BPF_LINK_TYPE_PERF_EVENT"],
  ["no such map", mapTypeName(999), undefined],
])("%s", (_name, found, expected) => expect(found).toBe(expected));

test.each([
  ["a command", BpfCmd.BPF_LINK_CREATE, 28],
  ["a command after one with two names", BpfCmd.BPF_PROG_GET_NEXT_ID, 11],
  ["an update", MapUpdate.BPF_NOEXIST, 1],
  ["a shifted flag", MapFlag.BPF_F_MMAPABLE, 1 << 10],
  ["an alias", PerfEventFlag.BPF_F_CURRENT_CPU, 0xffffffff],
  ["a flag above 32 bits", PerfEventFlag.BPF_F_CTXLEN_MASK, 0xfffff * 2 ** 32],
  ["the sign bit", RingBufferHeader.BPF_RINGBUF_BUSY_BIT, 2 ** 31],
])("%s has its number", (_name, found, expected) => expect(found).toBe(expected));
