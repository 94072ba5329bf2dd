/** Stacks of a real program, taken at random moments, against libgcc's unwinder. */

import { UnwindInfos } from "../../../../src/symbols/unwind/process-code";
import { Unwinder } from "../../../../src/symbols/unwind/unwinder";
import { UserSymbols } from "../../../../src/symbols/user-symbols";
import { withRecorder } from "./recorder";
import { framesOf, stackCopy } from "./stack-copy";

const SAMPLES = 251;

const builds: Readonly<Record<string, readonly string[]>> = {
  "without frame pointers": ["-O2", "-fomit-frame-pointer"],
  "with frame pointers": ["-O2", "-fno-omit-frame-pointer"],
  "not optimised": ["-O0"],
  "for size": ["-Os", "-fomit-frame-pointer"],
  "without a PLT": ["-O2", "-fno-plt", "-fomit-frame-pointer"],
  "lazily bound": ["-O2", "-Wl,-z,lazy", "-fomit-frame-pointer"],
  static: ["-O2", "-static", "-fomit-frame-pointer"],
  "not position-independent": ["-O2", "-no-pie", "-fno-pie", "-fomit-frame-pointer"],
};

test.each(Object.entries(builds))("%s: frame by frame what libgcc finds", async (name, flags) => {
  // A static program calls what the loader would choose through stubs without unwind information: libgcc stops there, and
  // we may.
  const hasStubs = name === "static";
  const ends = hasStubs ? ["complete", "no-info"] : ["complete"];
  await withRecorder(flags, SAMPLES, (pid, moments) => {
    using symbols = new UserSymbols();
    const process_ = new UnwindInfos().of(symbols.process(pid));
    const unwinder = new Unwinder(process.arch);
    expect(moments.length).toBe(2 * SAMPLES);
    for (const { registers, stack, frames } of moments) {
      const unwound = unwinder.unwind(process_, stackCopy(registers, stack));
      const found = framesOf(unwound).map(BigInt);
      const isInStub = hasStubs && frames.length === 1;
      expect(isInStub ? found.slice(0, 1) : found).toEqual(frames);
      expect(ends).toContain(unwound.end);
    }
  });
});
