/** The arguments of records, with what they lead to, as each form of output shows them. */
import type { ByteWriter } from "../../output/byte-writer";
import {
  CallHead,
  CallResult,
  type RecordLayout,
  SLOT_HEAD,
  type Slot,
} from "../../probes/calls/call-record";
import { sockaddrText } from "../../probes/calls/sockaddr";
import { isWritten, type SlotForm, type ValueForm } from "../../probes/calls/value-form";
import { readFile } from "../../probes/file-path";
import { type Dialect, writeString, writeText, writeValue } from "./value-writer";

const COMMA = 44;
const SPACE = 32;

/** Writes the value of argument `index` of the record at `at`. */
export function writeArgument(
  out: ByteWriter,
  dialect: Dialect,
  layout: RecordLayout,
  form: ValueForm,
  view: DataView,
  at: number,
  index: number,
): void {
  const word = at + layout.words + 8 * index;
  const { slots } = layout;
  const slot = slots.length === 0 ? undefined : slots.find((each) => each.index === index);
  const read = slot === undefined ? -1 : view.getInt32(at + slot.at, true);
  // What could not be read is still an address.
  if (slot === undefined || read < 0 || (isWritten(form) && !hasSucceeded(view, at))) {
    writeValue(out, dialect, form, view, word);
    return;
  }
  const from = at + slot.at + SLOT_HEAD;
  // Calls that share a layout share what slots consist of; how they are shown is their own.
  const shown = form as SlotForm;
  switch (shown.kind) {
    case "string":
      writeText(out, dialect, view, from, Math.min(read, slot.size) - 1, read >= slot.size);
      return;
    case "numbers":
      writeNumbers(out, dialect, shown, view, from);
      return;
    case "sockaddr": {
      const length = addressLength(layout, shown, slot, view, at);
      // A call that knows no address writes none.
      if (length === 0) writeValue(out, dialect, form, view, word);
      else writeString(out, dialect, sockaddrText(bytesOf(view, from, slot), length));
      return;
    }
    case "path":
      writeString(out, dialect, readFile(bytesOf(view, from, slot), read));
  }
}

type AddressForm = Extract<SlotForm, { kind: "sockaddr" }>;

/** The bytes that the record's address has; undefined where no argument tells. */
function addressLength(
  { words }: RecordLayout,
  { length, written }: AddressForm,
  slot: Slot,
  view: DataView,
  at: number,
): number | undefined {
  if (length === undefined) return undefined;
  return view.getInt32(at + (written ? slot.at + 4 : words + 8 * length), true);
}

/** Of a record with a result. */
function hasSucceeded(view: DataView, at: number): boolean {
  return view.getInt32(at + CallHead.size + CallResult.offsets.result + 4, true) >= 0;
}

function bytesOf(view: DataView, at: number, { size }: Slot): DataView {
  return new DataView(view.buffer, view.byteOffset + at, size);
}

/** `[1,2,3]`; in CSV, where commas are taken, `1 2 3`. */
function writeNumbers(
  out: ByteWriter,
  dialect: Dialect,
  { element, count }: Extract<SlotForm, { kind: "numbers" }>,
  view: DataView,
  at: number,
): void {
  if (dialect !== "csv") out.ascii("[");
  for (let i = 0; i < count; i++) {
    if (i > 0) out.byte(dialect === "csv" ? SPACE : COMMA);
    writeValue(out, dialect, element, view, at + i * element.size);
  }
  if (dialect !== "csv") out.ascii("]");
}
