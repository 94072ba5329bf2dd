/** Reads as much of a Perfetto trace as tests look at. Field numbers are those of perfetto/protos/perfetto/trace. */

/** A message's fields by their numbers, in order: numbers, or bytes that may be text or a message. */
export type Message = ReadonlyMap<number, readonly (bigint | Buffer)[]>;

/** Takes a message apart. */
export function readMessage(bytes: Buffer): Message {
  const fields = new Map<number, (bigint | Buffer)[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error("a number that goes on behind the end");
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const type = tag & 7;
    let value: bigint | Buffer;
    if (type === 0) value = varint();
    else if (type === 2) {
      const length = Number(varint());
      if (at + length > bytes.length) throw new Error("a field that goes on behind the end");
      value = bytes.subarray(at, at + length);
      at += length;
    } else throw new Error(`wire type ${type}`);
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value]);
  }
  return fields;
}

const number = (message: Message, field: number) => message.get(field)?.[0] as bigint | undefined;
const inner = (message: Message, field: number) =>
  (message.get(field) ?? []).map((bytes) => readMessage(bytes as Buffer));
const text = (message: Message, field: number) => message.get(field)?.[0]?.toString();

export interface Slice {
  readonly name: string;
  readonly category: string;
  /** Of the thread's track. */
  readonly thread: string;
  readonly process: string;
  readonly startNs: bigint;
  /** Undefined for an instant. */
  readonly endNs: bigint | undefined;
  readonly args: Readonly<Record<string, string | bigint | boolean>>;
  /** How many slices of the thread are around it. */
  readonly depth: number;
}

/** All slices and instants of a trace, as its viewer nests them: events are sorted by their times. */
export function readTrace(bytes: Buffer): Slice[] {
  const packets = inner(readMessage(bytes), 1);
  const tracks = new Map<bigint, { readonly name: string; readonly parent: bigint | undefined }>();
  for (const descriptor of packets.flatMap((packet) => inner(packet, 60))) {
    const [process] = inner(descriptor, 3);
    const [thread] = inner(descriptor, 4);
    const name = (process && text(process, 6)) ?? (thread && text(thread, 5)) ?? "";
    tracks.set(number(descriptor, 1) as bigint, { name, parent: number(descriptor, 5) });
  }
  const events = packets
    .filter((packet) => packet.has(11))
    .map((packet) => {
      if (number(packet, 10) === undefined) throw new Error("an event of no sequence");
      return {
        at: number(packet, 8) as bigint,
        clock: number(packet, 58),
        event: inner(packet, 11)[0] as Message,
      };
    })
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const slices: Slice[] = [];
  const open = new Map<bigint, { index: number }[]>();
  for (const { at, clock, event } of events) {
    if (clock !== 3n) throw new Error(`clock ${clock}`);
    const track = number(event, 11) as bigint;
    const around = open.get(track) ?? [];
    open.set(track, around);
    const type = number(event, 9);
    if (type === 2n) {
      const last = around.pop();
      if (last === undefined) throw new Error("an end without a beginning");
      slices[last.index] = { ...(slices[last.index] as Slice), endNs: at };
      continue;
    }
    const known = tracks.get(track);
    if (type === 1n) around.push({ index: slices.length });
    slices.push({
      name: text(event, 23) ?? "",
      category: text(event, 22) ?? "",
      thread: known?.name ?? "",
      process: tracks.get(known?.parent ?? 0n)?.name ?? "",
      startNs: at,
      endNs: undefined,
      args: Object.fromEntries(
        inner(event, 4).map((annotation) => [text(annotation, 10), annotated(annotation)]),
      ),
      depth: type === 1n ? around.length - 1 : around.length,
    });
  }
  for (const around of open.values()) if (around.length > 0) throw new Error("a beginning without an end");
  return slices;
}

function annotated(annotation: Message): string | bigint | boolean {
  const unsigned = number(annotation, 3) ?? number(annotation, 7);
  if (unsigned !== undefined) return unsigned;
  const signed = number(annotation, 4);
  if (signed !== undefined) return BigInt.asIntN(64, signed);
  const flag = number(annotation, 2);
  return flag === undefined ? (text(annotation, 6) ?? "") : flag !== 0n;
}
