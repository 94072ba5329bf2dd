/** The running kernel's own BTF, compared with what bpftool reads from it. Needs no rights. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Btf } from "../../src/bpf/btf/btf";
import { btfForMap } from "../../src/bpf/btf/map-btf";
import type { BtfType } from "../../src/bpf/btf/type";
import { requireVmlinuxBtf } from "../../src/bpf/btf/vmlinux";
import { i32, struct, u32, u64 } from "../../src/core/codec";

const VMLINUX = "/sys/kernel/btf/vmlinux";

function bpftool(...args: string[]): string {
  return execFileSync("bpftool", args, {
    encoding: "utf8",
    maxBuffer: 2 ** 30,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function works(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}

/** Why the test cannot run here, undefined when it can. A failure where the kernel tests must run. */
const missing = !existsSync(VMLINUX)
  ? `no ${VMLINUX}`
  : works(() => bpftool("version"))
    ? undefined
    : "bpftool is not installed";
const runs = missing === undefined || process.env["BPFKIT_REQUIRE_KERNEL"] === "1";
const onKernel = runs ? describe : describe.skip;

/** One type as `bpftool btf dump … format raw` writes it, down to what we compare. */
function asRaw(type: BtfType): string[] {
  const name = (text: string) => `'${text === "" ? "(anon)" : text}'`;
  const head = `[${type.id}] ${type.kind.toUpperCase()} ${name("name" in type ? type.name : "")}`;
  switch (type.kind) {
    case "struct":
    case "union":
      return [
        `${head} size=${type.size} vlen=${type.members.length}`,
        ...type.members.map((member) => {
          const bits = member.bitfieldSize > 0 ? ` bitfield_size=${member.bitfieldSize}` : "";
          return `\t${name(member.name)} type_id=${member.type} bits_offset=${member.bitOffset}${bits}`;
        }),
      ];
    case "func_proto": {
      const params = type.variadic ? [...type.params, { name: "", type: 0 }] : type.params;
      return [
        `${head} ret_type_id=${type.returns} vlen=${params.length}`,
        ...params.map((param) => `\t${name(param.name)} type_id=${param.type}`),
      ];
    }
    case "array":
      return [`${head} type_id=${type.type} index_type_id=${type.indexType} nr_elems=${type.length}`];
    case "func":
    case "var":
      return [`${head} type_id=${type.type} linkage=${type.linkage}`];
    case "ptr":
    case "typedef":
    case "const":
    case "volatile":
    case "restrict":
    case "type_tag":
      return [`${head} type_id=${type.type}`];
    case "int":
    case "float":
      return [`${head} size=${type.size}`];
    default:
      return [head];
  }
}

/** Drops from bpftool's lines what asRaw does not write. */
function comparable(raw: string): string[] {
  let skipped = false;
  return raw.split("\n").flatMap((line) => {
    if (line.startsWith("[")) skipped = / (ENUM|ENUM64|DATASEC) '/.test(line);
    if (line === "" || (skipped && line.startsWith("\t"))) return [];
    if (/^\[\d+\] (INT|FLOAT) /.test(line)) return [line.replace(/( size=\d+).*/, "$1")];
    if (/^\[\d+\] VAR /.test(line)) return [line.replace(/,? linkage=(\w+).*/, " linkage=$1")];
    return [
      /^\[\d+\] (ENUM|ENUM64|DATASEC|FWD|DECL_TAG) '/.test(line) ? line.replace(/'([^']*)'.*/, "'$1'") : line,
    ];
  });
}

/** An emulated machine takes minutes for all 150,000 types, so it gets some of them. */
const inGuest = process.env["BPFKIT_GUEST"] !== undefined;

onKernel(`BTF of this kernel${missing === undefined ? "" : ` (${missing})`}`, () => {
  let btf: Btf;
  let raw: string[];
  beforeAll(() => {
    btf = requireVmlinuxBtf();
    raw = comparable(bpftool("btf", "dump", "file", VMLINUX, "format", "raw"));
  });

  test("every type is what bpftool says", () => {
    const count = inGuest ? 10_007 : btf.idCount - 1;
    const ours = Array.from({ length: count }, (_, i) => asRaw(btf.typeById(i + 1))).flat();
    // Not toEqual: its diff of 300,000 lines would take minutes.
    const first = ours.findIndex((line, i) => line !== raw[i]);
    expect([first, ours[first], raw[first]]).toEqual([-1, undefined, undefined]);
    if (!inGuest) expect(ours.length).toBe(raw.length);
  });

  /** Offset in bits of a direct member according to bpftool. */
  function rawBitOffset(container: string, member: string): number {
    const start = raw.findIndex((line) => line.includes(`] STRUCT '${container}' `));
    for (let i = start + 1; raw[i]?.startsWith("\t") === true; i++) {
      const match = /^\t'(\w+)' type_id=\d+ bits_offset=(\d+)/.exec(raw[i]!);
      if (match?.[1] === member) return Number(match[2]);
    }
    throw new Error(`bpftool knows no ${container}.${member}`);
  }

  test.each([
    ["task_struct", "pid"],
    ["task_struct", "tgid"],
    ["task_struct", "comm"],
    ["task_struct", "real_parent"],
    ["task_struct", "group_leader"],
    ["task_struct", "mm"],
    ["task_struct", "nsproxy"],
    ["vm_area_struct", "vm_file"],
    ["file", "f_inode"],
    ["signal_struct", "rlim"],
    ["pid", "level"],
    ["upid", "nr"],
  ])("offset of %s.%s", (container, member) => {
    expect(8 * btf.requireMember(container, member).offset).toBe(rawBitOffset(container, member));
  });

  test("nested paths add up", () => {
    const { offset } = btf.requireMember("task_struct", "se.vruntime");
    expect(offset).toBe(
      btf.requireMember("task_struct", "se").offset + btf.requireMember("sched_entity", "vruntime").offset,
    );
    const limits = btf.requireMember("signal_struct", "rlim").offset;
    expect(btf.requireMember("signal_struct", "rlim[3].rlim_cur").offset).toBe(
      limits + 3 * btf.sizeOf(btf.find("struct", "rlimit")!.id)!,
    );
    expect(btf.requireMember("task_struct", "comm").size).toBe(16);
  });

  test("bit fields", () => {
    const { offset, bits } = btf.requireMember("task_struct", "sched_reset_on_fork");
    expect(8 * offset + bits!.offset).toBe(rawBitOffset("task_struct", "sched_reset_on_fork"));
    expect(bits?.size).toBe(1);
  });

  test.each([
    ["vfs_read", "ssize_t vfs_read(struct file *file, char *buf, size_t count, loff_t *pos)"],
    ["seq_printf", "void seq_printf(struct seq_file *m, const char *f, ...)"],
    ["schedule", "void schedule(void)"],
    ["vfs_fsync", "int vfs_fsync(struct file *file, int datasync)"],
  ])("prototype of %s", (name, text) => {
    // A kernel built by clang marks user pointers.
    expect(btf.formatPrototype(name)?.replaceAll("__user ", "")).toBe(text);
  });

  test.each([
    ["sys_enter", ["struct pt_regs *regs", "long id"]],
    ["sys_exit", ["struct pt_regs *regs", "long ret"]],
    ["sched_process_exec", ["struct task_struct *p", "pid_t old_pid", "struct linux_binprm *bprm"]],
  ])("raw tracepoint %s", (name, params) => {
    const found = btf.rawTracepoint(name);
    // gcc writes "long int" where clang writes "long".
    const written = found?.params.map((param) =>
      btf.format(param.type, param.name).replace("long int", "long"),
    );
    expect(written).toEqual(params);
    expect(raw.some((line) => line.startsWith(`[${found?.id}] TYPEDEF 'btf_trace_${name}' `))).toBe(true);
  });

  test("every prototype and every struct's size can be told", () => {
    const functions = [...btf.all("func")];
    expect(functions.length).toBe(raw.filter((line) => line.includes("] FUNC '")).length);
    const some = <T>(all: readonly T[]) => (inGuest ? all.filter((_, at) => at % 23 === 0) : all);
    const untold = some(functions).filter(({ id, name }) => !btf.format(id).includes(name));
    expect(untold).toEqual([]);
    const wrong = some([...btf.all("struct")]).filter(({ id, size }) => btf.sizeOf(id) !== size);
    expect(wrong).toEqual([]);
  });

  test("bpftool reads what we write", () => {
    const { bytes } = btfForMap(i32, struct({ start: u64, inner: struct({ a: u32 }) }), "latency");
    const folder = mkdtempSync(join(tmpdir(), "bpfkit-btf-"));
    try {
      writeFileSync(join(folder, "map.btf"), bytes);
      const text = bpftool("btf", "dump", "file", join(folder, "map.btf"), "format", "c").replace(
        /\s+/g,
        " ",
      );
      expect(text).toContain("struct latency_value_inner { unsigned int a; };");
      expect(text).toContain(
        "struct latency_value { unsigned long long start; struct latency_value_inner inner; };",
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
