/** Whether the kernel describes its types. */
import { readdirSync } from "node:fs";
import { hasCode, messageOf } from "../../core/errors";
import type { Feature } from "./feature";
import { lacks, type Outcome, unclear, works } from "./outcome";
import type { Trial } from "./trial";

const FOLDER = "/sys/kernel/btf";

export const btfFeatures = {
  btf: {
    title: "BTF: the kernel describes its types",
    group: "btf",
    since: "5.4",
    rights: [],
    probe: ({ facts }) => (facts.btf() === undefined ? lacks(`"${FOLDER}/vmlinux" does not exist`) : works()),
  },
  "module-btf": {
    title: "BTF of modules",
    group: "btf",
    since: "5.11",
    rights: [],
    probe: moduleBtf,
  },
} as const satisfies Record<string, Feature>;

function moduleBtf({ facts }: Trial): Outcome {
  try {
    const modules = readdirSync(FOLDER).filter((name) => name !== "vmlinux");
    if (modules.length > 0) return works(`${modules.length} modules`);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) return unclear(messageOf(error));
    return lacks(`"${FOLDER}" does not exist`);
  }
  // No module is loaded that has any. The kernel's own types tell whether it could.
  return facts.btf()?.find("struct", "btf_module") === undefined
    ? lacks("the kernel is built without")
    : works("no module with BTF is loaded");
}
