/** The time of day of a moment of CLOCK_MONOTONIC, to the nanosecond, as text. */
import { NS_PER } from "../../core/units";
import type { ByteWriter } from "../../output/byte-writer";

const NS_PER_MS = NS_PER.ms;
const NS_PER_SECOND = NS_PER.s;
const COLON = 58;

/** Where in a time of `writeIso` the digits after the second are. */
export const ISO_FRACTION = { at: "2026-01-01T00:00:00.".length, digits: 9 } as const;

/** And in one of `writeClock`. */
export const CLOCK_FRACTION = { at: "00:00:00.".length, digits: 6 } as const;

/** Turns the kernel's times into times of day. They keep their distances when the clock is set meanwhile. */
export class CallClock {
  private readonly high: number;
  private readonly low: number;
  private readonly firstSecond: number;
  /** Nanoseconds into that second. */
  private readonly rest: number;
  /** The second, by its number, of the time that was looked at last. */
  second = Number.NaN;
  private utc = "";
  private readonly local = [0, 0, 0];

  /** `now` is the time of day when CLOCK_MONOTONIC was `monotonicNs`. */
  constructor(now: Date, monotonicNs: bigint) {
    this.high = Number(monotonicNs >> 32n);
    this.low = Number(monotonicNs & 0xffff_ffffn);
    const ms = now.getTime();
    this.firstSecond = Math.floor(ms / 1000);
    this.rest = (ms - this.firstSecond * 1000) * NS_PER_MS;
  }

  /** RFC 3339 with nine decimals, in UTC. */
  writeIso(out: ByteWriter, view: DataView, at: number): void {
    const ns = this.nanoseconds(view, at);
    out.ascii(this.utc);
    out.digits(ns, ISO_FRACTION.digits);
    out.ascii("Z");
  }

  /** `14:03:07.123456`, local. */
  writeClock(out: ByteWriter, view: DataView, at: number): void {
    const ns = this.nanoseconds(view, at);
    this.local.forEach((value, i) => {
      out.digits(value, 2);
      out.byte(i < 2 ? COLON : 46);
    });
    out.digits(Math.floor(ns / 1000), CLOCK_FRACTION.digits);
  }

  /** The first `digits` digits after the second of the time at `at`, at most nine. */
  fraction(view: DataView, at: number, digits: number): number {
    const ns = this.nanoseconds(view, at);
    return digits === 9 ? ns : Math.floor(ns / 10 ** (9 - digits));
  }

  /** Nanoseconds into the second of the time at `at`; the second's texts are made once. */
  private nanoseconds(view: DataView, at: number): number {
    const high = view.getUint32(at + 4, true) - this.high;
    const total = high * 2 ** 32 + (view.getUint32(at, true) - this.low) + this.rest;
    const second = Math.floor(total / NS_PER_SECOND);
    if (second !== this.second) this.turnTo(second);
    return total - second * NS_PER_SECOND;
  }

  private turnTo(second: number): void {
    this.second = second;
    const date = new Date((this.firstSecond + second) * 1000);
    this.utc = date.toISOString().slice(0, ISO_FRACTION.at);
    [this.local[0], this.local[1], this.local[2]] = [date.getHours(), date.getMinutes(), date.getSeconds()];
  }
}
