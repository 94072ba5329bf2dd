/** Raw tracepoints, with and without types: opened by name, or by the BTF id the program was loaded with. */
import { AttachType, BpfCmd, ProgType } from "../../core/bpf-uapi";
import { errno } from "../../core/errno";
import { NotSupportedError } from "../../core/errors";
import { didYouMean } from "../../core/suggest";
import { Attr } from "../../sys/attr";
import type { Access } from "../access";
import { RawTracepointOpen } from "../attr-layouts";
import { Fd } from "../fd";
import { Link } from "../link";
import type { Program } from "../program";
import type { BtfRawTracepointHook, RawTracepointHook } from "../program-spec";
import { cString, type HookKind } from "./hook-kind";

const PREFIX = "btf_trace_";

/** The tracepoints BTF knows, for a suggestion. */
function* tracepoints({ facts }: Access): Generator<string> {
  for (const { name } of facts.btf()?.all("typedef") ?? [])
    if (name.startsWith(PREFIX)) yield name.slice(PREFIX.length);
}

function missing(name: string, access: Access, where: string): Error {
  return new NotSupportedError(`tracepoint "${name}": ${where}`, {
    hint: didYouMean(name, tracepoints(access)),
  });
}

/** BPF_RAW_TRACEPOINT_OPEN; without a name for programs that are tied to their place by BTF. Returns −errno. */
export function openRawTracepoint(access: Access, program: Program, name?: string): number {
  const attr = Attr.of(RawTracepointOpen, {
    name: name === undefined ? undefined : cString(name),
    progFd: program.number,
  });
  return access.sys.bpf(BpfCmd.BPF_RAW_TRACEPOINT_OPEN, attr);
}

function attach(access: Access, program: Program, hookName: string, name?: string): Link {
  const fd = openRawTracepoint(access, program, name);
  if (fd === -errno.ENOENT) throw missing(hookName, access, "this kernel has none");
  if (fd < 0) throw access.refusal(`attach to raw tracepoint "${hookName}"`, -fd);
  return new Link("bpf-link", new Fd(access.sys, fd, "link"));
}

export const rawTracepoint: HookKind<RawTracepointHook> = {
  programType: () => ({ type: ProgType.BPF_PROG_TYPE_RAW_TRACEPOINT }),
  attach: (hook, program, access) => attach(access, program, hook.name, hook.name),
};

export const btfRawTracepoint: HookKind<BtfRawTracepointHook> = {
  programType({ name }, access) {
    const target = access.facts.btf()?.rawTracepoint(name);
    if (target === undefined) throw missing(name, access, "not in this kernel's BTF");
    return {
      type: ProgType.BPF_PROG_TYPE_TRACING,
      expectedAttachType: AttachType.BPF_TRACE_RAW_TP,
      attachBtfId: target.id,
    };
  },
  attach: (hook, program, access) => attach(access, program, hook.name),
};
