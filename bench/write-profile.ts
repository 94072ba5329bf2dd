/**
 * Run by profile-output: fills a profile from addresses and writes it to a file, both as often as it is told, then
 * says the milliseconds it took and its peak of memory in MB. `write-profile FORMAT SHAPE FILE`.
 */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { type ProfileFormat, renderProfile } from "../src/output/stacks/formats";
import type { Profile } from "../src/output/stacks/profile";
import { ProfileBuilder } from "../src/output/stacks/profile-builder";
import { statusKib } from "./process-status";

const SAMPLES = 1_000_000;
const STACKS = 50_000;
const DEPTH = 40;
const FUNCTIONS = 20_000;
const ADDRESSES_PER_FUNCTION = 8;

/** `calls`: every function calls three others, so that stacks share their callers; `chance`: they share nothing. */
type Shape = "calls" | "chance";

/** A small generator of the numbers below 2^31, the same in every run: the constants of the C standard's example. */
function randomNumbers(): (below: number) => number {
  let state = 1;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state >>> 8) % below;
  };
}

/** Stacks of return addresses, the outermost first, none of them twice. */
function stacksOf(shape: Shape): Uint32Array[] {
  const random = randomNumbers();
  const callee = (caller: number) => (caller * 31 + 7 * random(3) + 1) % FUNCTIONS;
  const seen = new Set<string>();
  const stacks: Uint32Array[] = [];
  while (stacks.length < STACKS) {
    let at = random(5);
    const stack = Uint32Array.from({ length: DEPTH }, () => {
      at = shape === "calls" ? callee(at) : random(FUNCTIONS);
      return at * ADDRESSES_PER_FUNCTION + random(shape === "calls" ? 2 : ADDRESSES_PER_FUNCTION);
    });
    const text = stack.join();
    if (seen.has(text)) continue;
    seen.add(text);
    stacks.push(stack);
  }
  return stacks;
}

/** One sample after another, names looked up by address, as a collector does. */
function profileOf(stacks: readonly Uint32Array[]): Profile {
  const builder = new ProfileBuilder();
  const group = builder.group({ label: "bench", pid: 1 });
  const frames = new Map<number, number>();
  const numberOf = (address: number) => {
    let frame = frames.get(address);
    if (frame === undefined) {
      const name = `namespace::function_number_${Math.floor(address / ADDRESSES_PER_FUNCTION)}`;
      frame = builder.frame({ name, kind: "user", address: BigInt(address) });
      frames.set(address, frame);
    }
    return frame;
  };
  const ids = stacks.map((stack) => builder.stack(stack.map(numberOf)));
  for (let sample = 0; sample < SAMPLES; sample++) builder.add(group, ids[sample % STACKS] as number, 1);
  return builder.build({
    title: "bench",
    measure: "cpu",
    unit: "samples",
    periodNs: 1e7,
    startedAt: new Date(0),
    durationNs: 1e9,
    notes: [],
    lost: {},
  });
}

function write(profile: Profile, format: ProfileFormat, path: string): void {
  const info = {
    tool: "bpfkit",
    version: "0",
    command: "bench",
    kernel: "0",
    startedAt: new Date(0),
  } as const;
  const file = openSync(path, "w");
  for (const piece of renderProfile(profile, format, { info })) writeSync(file, piece as string);
  closeSync(file);
}

const [format, shape, path] = process.argv.slice(2) as [ProfileFormat, Shape, string];
const stacks = stacksOf(shape);
const startedAt = performance.now();
write(profileOf(stacks), format, path);
const took = performance.now() - startedAt;
const peak = (statusKib(readFileSync("/proc/self/status", "utf8"), "VmHWM") ?? Number.NaN) / 1024;
process.stdout.write(`${took.toFixed(1)} ${peak.toFixed(1)}\n`);
