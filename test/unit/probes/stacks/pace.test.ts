import { NS_PER } from "../../../../src/core/units";
import { stackSamples } from "../../../../src/probes/stack-samples";
import { stackKeyCodec } from "../../../../src/probes/stack-tally";
import type { Measure } from "../../../../src/probes/stacks/collector";
import { paceOf } from "../../../../src/probes/stacks/pace";

const key = stackKeyCodec({ by: "process", state: false, waker: false });
const latestMs = (measure: Measure, rate?: number) =>
  paceOf(measure, stackSamples({ key, stackSize: 8192, rate, walked: true }, { arch: "x64" })).latestNs /
  NS_PER.ms;

test("where a clock ticks seldom, of events soon", () => {
  expect(paceOf("cpu", undefined).latestNs).toBe(250 * NS_PER.ms);
  expect(latestMs("cpu", 2 * 49)).toBe(250);
  expect(["off-cpu", "wakeup", "wall", "event"].map((each) => latestMs(each as Measure, 8000))).toEqual([
    50, 50, 50, 50,
  ]);
  expect(latestMs("event")).toBe(50);
});

test("so soon that a quarter of the ring is filled if all processors begin to tick", () => {
  const rate = 64 * 999;
  const { ring, fullNs } = stackSamples({ key, stackSize: 8192, rate, walked: true }, { arch: "x64" });
  expect(fullNs / NS_PER.s).toBeCloseTo(ring.maxEntries / 8448 / rate, 2);
  expect(latestMs("cpu", rate)).toBeCloseTo(fullNs / NS_PER.ms / 4);
  expect(latestMs("cpu", rate)).toBeLessThan(50);
  expect(latestMs("cpu", 1e9)).toBe(2);
});
