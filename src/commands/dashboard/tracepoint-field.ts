/** The fields of a tracepoint's record, as its format file in tracefs tells them. */
import { tracefs } from "../../bpf/hooks/tracepoint";
import { NotSupportedError, UsageError } from "../../core/errors";
import { didYouMean } from "../../core/suggest";
import type { Syscalls } from "../../sys/syscalls";
import type { TracepointField } from "./slots";

/** A line is `field:unsigned int len; offset:24; size:4; signed:0;`, arrays and strings having other sizes. */
const FIELD = /field:[^;]*?\b(\w+);\s*offset:(\d+);\s*size:([1248]);\s*signed:([01]);/g;

/** The numbers among the fields of a format file. Pure. */
export function numericFields(format: string): TracepointField[] {
  return [...format.matchAll(FIELD)]
    .filter(([line]) => !line.includes("["))
    .map(([, name, offset, size, signed]) => ({
      name: name as string,
      offset: Number(offset),
      size: Number(size) as TracepointField["size"],
      signed: signed === "1",
    }));
}

/** A field of the tracepoint `category:event`. Throws a UsageError that names those there are. */
export function fieldOf(sys: Syscalls, tracepoint: string, name: string): TracepointField {
  const folder = tracefs({ sys }, `tracepoint "${tracepoint}"`);
  const format = sys.readText(`${folder}/events/${tracepoint.replace(":", "/")}/format`);
  if (format === undefined) throw new NotSupportedError(`tracepoint "${tracepoint}": this kernel has none`);
  const fields = numericFields(format).filter((field) => !field.name.startsWith("common_"));
  const found = fields.find((field) => field.name === name);
  if (found !== undefined) return found;
  const names = fields.map((field) => field.name);
  throw new UsageError(`sum: tracepoint "${tracepoint}" has no number "${name}"`, {
    hint: didYouMean(name, names) ?? `it has ${names.join(", ")}`,
  });
}
