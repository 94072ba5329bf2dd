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
import { isWritten, type SlotForm } from "../../probes/calls/value-form";
import { readFile } from "../../probes/file-path";
import type { ShownSite } from "./shown-site";
import { type Dialect, valueWriter, type Write, writeString, writeText } from "./value-writer";

const COMMA = 44;
const SPACE = 32;

/** What writes each argument of the site's records. */
export function argumentWriters(dialect: Dialect, { params, layout }: ShownSite): readonly Write[] {
  return params.map(({ form }, index) => {
    const writeWord = valueWriter(dialect, form, layout.words + 8 * index);
    const slot = layout.slots.find((each) => each.index === index);
    if (slot === undefined) return writeWord;
    // Calls that share a layout share what slots consist of; how they are shown is their own.
    const shown = form as SlotForm;
    const writeFound = slotWriter(dialect, layout, shown, slot, writeWord);
    const whenWritten = isWritten(form);
    return (out, view, at) => {
      const read = view.getInt32(at + slot.at, true);
      // What could not be read is still an address.
      if (read < 0 || (whenWritten && !hasSucceeded(view, at))) writeWord(out, view, at);
      else writeFound(out, view, at, read);
    };
  });
}

/** Writes what a slot of the record at `at` holds; `read` is what stands in its head. */
type WriteFound = (out: ByteWriter, view: DataView, at: number, read: number) => void;

function slotWriter(
  dialect: Dialect,
  layout: RecordLayout,
  form: SlotForm,
  slot: Slot,
  writeWord: Write,
): WriteFound {
  const from = slot.at + SLOT_HEAD;
  const { size } = slot;
  switch (form.kind) {
    case "string":
      return (out, view, at, read) =>
        writeText(out, dialect, view, at + from, Math.min(read, size) - 1, read >= size);
    case "numbers":
      return numbersWriter(dialect, form, from);
    case "sockaddr":
      return (out, view, at) => {
        const length = addressLength(layout, form, slot, view, at);
        // A call that knows no address writes none.
        if (length === 0) writeWord(out, view, at);
        else writeString(out, dialect, sockaddrText(bytesOf(view, at + from, size), length));
      };
    case "path":
      return (out, view, at, read) =>
        writeString(out, dialect, readFile(bytesOf(view, at + from, size), read));
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

function bytesOf(view: DataView, at: number, size: number): DataView {
  return new DataView(view.buffer, view.byteOffset + at, size);
}

/** `[1,2,3]`; in CSV, where commas are taken, `1 2 3`. */
function numbersWriter(
  dialect: Dialect,
  { element, count }: Extract<SlotForm, { kind: "numbers" }>,
  from: number,
): WriteFound {
  const isCsv = dialect === "csv";
  const write = valueWriter(dialect, element, from);
  return (out, view, at) => {
    if (!isCsv) out.ascii("[");
    for (let i = 0; i < count; i++) {
      if (i > 0) out.byte(isCsv ? SPACE : COMMA);
      write(out, view, at + i * element.size);
    }
    if (!isCsv) out.ascii("]");
  };
}
