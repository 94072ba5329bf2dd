import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { moduleBtf, requireVmlinuxBtf, vmlinuxBtf } from "../../../../src/bpf/btf/vmlinux";
import { TypeBuilder } from "./type-builder";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bpfkit-btf-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function writeKernel(): void {
  const types = new TypeBuilder();
  types.int("int", 4);
  writeFileSync(join(folder, "vmlinux"), types.bytes());
  const module = new TypeBuilder(types.btf());
  module.typedef("state_t", 1);
  writeFileSync(join(folder, "snd_hda"), module.bytes());
}

test("reads each file once", () => {
  writeKernel();
  const vmlinux = vmlinuxBtf(folder);
  const module = moduleBtf("snd_hda", folder);
  rmSync(join(folder, "vmlinux"));
  expect(vmlinuxBtf(folder)).toBe(vmlinux);
  expect(moduleBtf("snd_hda", folder)).toBe(module);
  expect(module?.base).toBe(vmlinux);
  expect(module?.find("typedef", "state_t")).toMatchObject({ id: 2, type: 1 });
});

test("modules: both spellings, unknown ones, names that are none", () => {
  writeKernel();
  expect(moduleBtf("snd-hda", folder)).toBe(moduleBtf("snd_hda", folder));
  for (const name of ["nfs", "vmlinux", "../vmlinux"]) expect(moduleBtf(name, folder)).toBeUndefined();
});

test("a kernel without BTF is not supported, and that is not remembered", () => {
  expect(vmlinuxBtf(folder)).toBeUndefined();
  expect(moduleBtf("snd_hda", folder)).toBeUndefined();
  expect(() => requireVmlinuxBtf(folder)).toThrow(
    expect.objectContaining({
      name: "NotSupportedError",
      hint: expect.stringContaining("CONFIG_DEBUG_INFO_BTF"),
    }),
  );
  writeKernel();
  expect(requireVmlinuxBtf(folder).find("int", "int")).toBeDefined();
});

test("what else goes wrong while reading is passed on", () => {
  mkdirSync(join(folder, "vmlinux"));
  expect(() => vmlinuxBtf(folder)).toThrow(expect.objectContaining({ code: "EISDIR" }));
});
