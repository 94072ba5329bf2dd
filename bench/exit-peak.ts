/** Preloaded into a program under test: at its end it writes its peak memory, VmHWM in KiB, to descriptor 3. */
import { readFileSync, writeSync } from "node:fs";
import { statusKib } from "./process-status";

process.on("exit", () => {
  writeSync(3, String(statusKib(readFileSync("/proc/self/status", "utf8"), "VmHWM") ?? ""));
});
