/**
 * Calls as a Perfetto trace, which ui.perfetto.dev opens: a track for each thread, and on it a slice for each call that
 * was followed to its end and an instant for any other. The numbers of fields are those of Perfetto's public
 * protos/perfetto/trace: trace_packet.proto, clock_snapshot.proto and those in track_event.
 */

import { errnoName } from "../../core/errno";
import { ByteWriter } from "../../output/byte-writer";
import {
  beginMessage,
  endMessage,
  writeBytes,
  writeInteger,
  writeNatural,
  writeString,
  writeWord,
} from "../../output/proto-writer";
import { CallHead, CallResult, durationAt } from "../../probes/calls/call-record";
import type { ValueForm } from "../../probes/calls/value-form";
import { LOWEST_ERROR } from "../../probes/stats";
import { argumentWriters } from "./argument-writer";
import type { CallWriter } from "./call-writer";
import { errorAt } from "./line-writer";
import type { ShownSite } from "./shown-site";
import { type Met, ThreadTracks } from "./thread-tracks";
import type { Write } from "./value-writer";

const PACKET = 1;
const Packet = {
  timestamp: 8,
  clock: 58,
  sequence: 10,
  flags: 13,
  clocks: 6,
  descriptor: 60,
  event: 11,
} as const;
const Clocks = { clock: 1, id: 1, timestamp: 2, primary: 2 } as const;
const Descriptor = { uuid: 1, process: 3, thread: 4, parent: 5 } as const;
const Process = { pid: 1, name: 6 } as const;
const Thread = { pid: 1, tid: 2, name: 5 } as const;
const Event = { type: 9, track: 11, category: 22, name: 23, annotation: 4 } as const;
const Annotation = { name: 10, bool: 2, uint: 3, int: 4, string: 6, pointer: 7, json: 9 } as const;

/** TrackEvent.Type */
const [BEGIN, END, INSTANT] = [1, 2, 3] as const;
/** BuiltinClock */
const [REALTIME, MONOTONIC] = [1, 3] as const;
/** All packets are of one sequence, whose state begins with the first. */
const SEQUENCE = 1;
const STATE_CLEARED = 1;
/** What tells tracks of processes from those of threads. */
const PROCESS_TRACK = 2 ** 32;
const THREAD_TRACK = 2 ** 33;

const { timeNs, tid: TID } = CallHead.offsets;
const RESULT = CallHead.size + CallResult.offsets.result;
const SMALL = 4096;

/** `now` is the time of day when CLOCK_MONOTONIC was `monotonicNs`. */
export function perfettoWriter(now: Date, monotonicNs: bigint): CallWriter {
  const tracks = new ThreadTracks();
  let hasClocks = false;
  const packet = (out: ByteWriter, fill: () => void) => {
    const begin = beginMessage(out, PACKET);
    writeNatural(out, Packet.sequence, SEQUENCE);
    fill();
    endMessage(out, begin);
  };
  const event = (out: ByteWriter, ns: bigint, track: number, type: number, fill: () => void) =>
    packet(out, () => {
      writeLong(out, Packet.timestamp, ns);
      writeNatural(out, Packet.clock, MONOTONIC);
      const begin = beginMessage(out, Packet.event);
      writeNatural(out, Event.type, type);
      writeNatural(out, Event.track, track);
      fill();
      endMessage(out, begin);
    });
  return {
    head: () => "",
    writerOf(site) {
      const names = namesOf(site);
      const args = annotationWriters(site);
      return (out, view, at) => {
        if (!hasClocks) packet(out, () => writeClocks(out, now, monotonicNs));
        hasClocks = true;
        const met = tracks.meet(view, at);
        if (met?.namesProcess === true) packet(out, () => describeProcess(out, met));
        if (met !== undefined) packet(out, () => describeThread(out, met));
        const track = THREAD_TRACK + view.getUint32(at + TID, true);
        const start = view.getBigUint64(at + timeNs, true);
        const duration = durationAt(site.layout, view, at);
        event(out, start, track, duration > 0 ? BEGIN : INSTANT, () => {
          out.copy(names);
          for (const write of args) write(out, view, at);
          if (site.layout.withResult && site.result !== undefined)
            writeResult(out, site, site.result, view, at);
        });
        if (duration > 0) event(out, start + BigInt(duration), track, END, () => {});
      };
    },
    end: () => "",
  };
}

/** The fields that are the same for each call of a site. */
function namesOf({ name, category }: ShownSite): Uint8Array {
  const out = new ByteWriter(SMALL);
  writeString(out, Event.category, category);
  writeString(out, Event.name, name);
  return out.take();
}

/** What time of day it was when the clock of all timestamps had which time. */
function writeClocks(out: ByteWriter, now: Date, monotonicNs: bigint): void {
  writeNatural(out, Packet.flags, STATE_CLEARED);
  const begin = beginMessage(out, Packet.clocks);
  writeClock(out, MONOTONIC, monotonicNs);
  writeClock(out, REALTIME, BigInt(now.getTime()) * 1_000_000n);
  writeNatural(out, Clocks.primary, MONOTONIC);
  endMessage(out, begin);
}

function writeClock(out: ByteWriter, id: number, ns: bigint): void {
  const begin = beginMessage(out, Clocks.clock);
  writeNatural(out, Clocks.id, id);
  writeLong(out, Clocks.timestamp, ns);
  endMessage(out, begin);
}

function writeLong(out: ByteWriter, field: number, value: bigint): void {
  writeWord(out, field, Number(value >> 32n), Number(value & 0xffff_ffffn));
}

function describeProcess(out: ByteWriter, { pid, comm }: Met): void {
  const begin = beginMessage(out, Packet.descriptor);
  writeNatural(out, Descriptor.uuid, PROCESS_TRACK + pid);
  const process = beginMessage(out, Descriptor.process);
  writeNatural(out, Process.pid, pid);
  writeString(out, Process.name, comm);
  endMessage(out, process);
  endMessage(out, begin);
}

function describeThread(out: ByteWriter, { pid, tid, comm }: Met): void {
  const begin = beginMessage(out, Packet.descriptor);
  writeNatural(out, Descriptor.uuid, THREAD_TRACK + tid);
  writeNatural(out, Descriptor.parent, PROCESS_TRACK + pid);
  const thread = beginMessage(out, Descriptor.thread);
  writeNatural(out, Thread.pid, pid);
  writeNatural(out, Thread.tid, tid);
  writeString(out, Thread.name, comm);
  endMessage(out, thread);
  endMessage(out, begin);
}

function annotate(out: ByteWriter, name: string, value: () => void): void {
  const begin = beginMessage(out, Event.annotation);
  writeString(out, Annotation.name, name);
  value();
  endMessage(out, begin);
}

function writeResult(out: ByteWriter, site: ShownSite, form: ValueForm, view: DataView, at: number): void {
  annotate(out, "result", () => {
    if (!writeNumber(out, form, view, at + RESULT))
      writeInteger(out, Annotation.int, view.getInt32(at + RESULT, true));
  });
  const error = site.failsByErrno ? errorAt(view, at + RESULT, form) : undefined;
  if (error !== undefined && error <= -LOWEST_ERROR)
    annotate(out, "errno", () => writeString(out, Annotation.string, errnoName(error)));
}

/** What writes each argument with its name. */
function annotationWriters(site: ShownSite): readonly Write[] {
  const args = argumentWriters("json", site);
  return site.params.map(({ name, form }, index) => {
    const word = site.layout.words + 8 * index;
    return (out, view, at) =>
      annotate(out, name, () => {
        if (!writeNumber(out, form, view, at + word)) writeAsJson(out, args[index] as Write, view, at);
      });
  });
}

/** Whatever is no number, by what JSON makes of it. */
function writeAsJson(out: ByteWriter, write: Write, view: DataView, at: number): void {
  const begin = out.at;
  write(out, view, at);
  const text = out.bytes.toString("utf8", begin, out.at);
  out.at = begin;
  const value: unknown = JSON.parse(text);
  if (typeof value === "string") writeString(out, Annotation.string, value);
  else if (typeof value === "number" && Number.isSafeInteger(value)) writeInteger(out, Annotation.int, value);
  else writeBytes(out, Annotation.json, Buffer.from(text));
}

/** Writes what is a number or an address in its own type; false where it is something else. */
function writeNumber(out: ByteWriter, form: ValueForm, view: DataView, at: number): boolean {
  const low = view.getUint32(at, true);
  const high = view.getUint32(at + 4, true);
  if (form.kind === "bool") writeNatural(out, Annotation.bool, low & 255 ? 1 : 0);
  else if (form.kind === "hex")
    writeWord(out, Annotation.pointer, form.size === 8 ? high : 0, cut(low, form.size));
  else if (form.kind !== "int") return false;
  else if (form.size === 8) writeWord(out, form.signed ? Annotation.int : Annotation.uint, high, low);
  else if (!form.signed) writeNatural(out, Annotation.uint, cut(low, form.size));
  else {
    const shift = 32 - 8 * form.size;
    writeInteger(out, Annotation.int, (low << shift) >> shift);
  }
  return true;
}

function cut(low: number, size: number): number {
  return size >= 4 ? low : low & (2 ** (8 * size) - 1);
}
