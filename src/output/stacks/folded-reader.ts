/** Reads folded stacks, whoever wrote them: a frame is its name, and what the name's suffix says of it. */
import { UsageError } from "../../core/errors";
import { frameOfFolded } from "./frame-text";
import type { Profile } from "./profile";
import { ProfileBuilder } from "./profile-builder";

const NEWLINE = 10;
/** What the formats that we write have room for. */
const LARGEST = 2 ** 63;
const LINE = /^(.*)\s(\d+(?:\.\d+)?)\s*$/s;

/** The profile in a file of folded stacks; `name` is the file's, for messages. Throws UsageError with the line. */
export function readFolded(bytes: Uint8Array, name: string): Profile {
  const builder = new ProfileBuilder();
  const group = builder.group({ label: "" });
  const frames = new Map<string, number>();
  const numberOf = (text: string) => {
    let frame = frames.get(text);
    if (frame === undefined) {
      frame = builder.frame(frameOfFolded(text));
      frames.set(text, frame);
    }
    return frame;
  };
  let at = 0;
  for (const line of lines(bytes)) {
    at++;
    if (line.trim() === "" || line.startsWith("# ")) continue;
    const [, stack, weight] = LINE.exec(line) ?? [];
    if (stack === undefined) {
      throw new UsageError(`read "${name}": line ${at} does not end in a number`, {
        hint: 'folded stacks are "frame;frame;frame count", a line each',
      });
    }
    const number = Number(weight);
    if (number > LARGEST) throw new UsageError(`read "${name}": line ${at}: weight above 2^63`);
    builder.add(group, builder.stack(stack.split(";").map(numberOf)), number);
  }
  return builder.build({
    title: name.slice(name.lastIndexOf("/") + 1),
    measure: "event",
    unit: "samples",
    startedAt: new Date(0),
    durationNs: 0,
    notes: [],
    lost: {},
  });
}

/** Line by line out of the bytes: the whole file need not fit into one string. */
function* lines(bytes: Uint8Array): Iterable<string> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let start = 0; start < buffer.length; ) {
    const found = buffer.indexOf(NEWLINE, start);
    const end = found === -1 ? buffer.length : found;
    yield buffer.toString("utf8", start, end);
    start = end + 1;
  }
}
