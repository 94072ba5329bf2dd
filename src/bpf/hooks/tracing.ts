/** fentry and fexit: kernel functions by their BTF id, through trampolines. */
import { AttachType, BpfCmd, ProgType } from "../../core/bpf-uapi";
import { errno } from "../../core/errno";
import { NotSupportedError, SyscallError } from "../../core/errors";
import { Attr } from "../../sys/attr";
import type { Access } from "../access";
import { LinkCreateTracing } from "../attr-layouts";
import type { Btf } from "../btf/btf";
import { moduleBtf } from "../btf/vmlinux";
import { Fd } from "../fd";
import { Link } from "../link";
import type { Program } from "../program";
import type { TracingHook } from "../program-spec";
import type { HookKind } from "./hook-kind";
import { similarFunction } from "./kernel-functions";
import { openRawTracepoint } from "./raw-tracepoint";

const ATTACH_TYPES = { fentry: AttachType.BPF_TRACE_FENTRY, fexit: AttachType.BPF_TRACE_FEXIT } as const;

/** Kernels without direct calls for ftrace say one of these. */
const ABSENT: readonly number[] = [errno.EOPNOTSUPP, errno.ENOTSUPP];

const INSTEAD =
  "needs Linux 5.5 or newer (arm64: 6.4) built with ftrace's direct calls; use kprobe, or a tracepoint instead";

function btfOf({ module }: TracingHook, { facts }: Access): Btf | undefined {
  return module === undefined ? facts.btf() : moduleBtf(module);
}

function open(hook: TracingHook, program: Program, access: Access): number {
  if (hook.cookie === undefined) return openRawTracepoint(access, program);
  const attr = Attr.of(LinkCreateTracing, {
    progFd: program.number,
    attachType: ATTACH_TYPES[hook.kind],
    cookie: hook.cookie,
  });
  return access.sys.bpf(BpfCmd.BPF_LINK_CREATE, attr);
}

export const tracing: HookKind<TracingHook> = {
  programType(hook, access) {
    const { kind, name, module } = hook;
    const what = `${kind} of "${name}"`;
    const btf = btfOf(hook, access);
    if (btf === undefined)
      throw new NotSupportedError(
        `${what}: ${module === undefined ? "the kernel" : `module "${module}"`} has no BTF`,
        {
          hint: INSTEAD,
        },
      );
    const target = btf.prototype(name);
    if (target === undefined || (module !== undefined && target.id < btf.firstId))
      throw new NotSupportedError(`${what}: no function of that name in BTF`, {
        hint: similarFunction(name, access),
      });
    return {
      type: ProgType.BPF_PROG_TYPE_TRACING,
      expectedAttachType: ATTACH_TYPES[kind],
      attachBtfId: target.id,
      ...(module === undefined ? {} : { attachModule: module }),
    };
  },
  attach(hook, program, access) {
    const operation = `attach ${hook.kind} to "${hook.name}"`;
    const fd = open(hook, program, access);
    if (fd < 0 && ABSENT.includes(-fd))
      throw new NotSupportedError(`${operation}: refused (${new SyscallError(operation, -fd).code})`, {
        hint: INSTEAD,
      });
    if (fd < 0) throw access.refusal(operation, -fd);
    return new Link("bpf-link", new Fd(access.sys, fd, "link"));
  },
  loadRefused(hook, code) {
    if (code !== errno.EPERM && !ABSENT.includes(code)) return undefined;
    const operation = `load ${hook.kind} of "${hook.name}"`;
    const cause = new SyscallError(operation, code);
    return new NotSupportedError(
      `${operation}: this kernel refuses such programs (${cause.code}), though it loads others`,
      { cause, hint: INSTEAD },
    );
  },
};
