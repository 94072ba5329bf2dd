import { tracepointFields } from "../../../../src/probes/calls/tracepoint-format";

/** As tracefs writes it: events/CATEGORY/EVENT/format. */
const format = `name: made_up
ID: 1
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:int common_pid;	offset:4;	size:4;	signed:1;

	field:char comm[16];	offset:8;	size:16;	signed:0;
	field:pid_t pid;	offset:24;	size:4;	signed:1;
	field:__data_loc char[] filename;	offset:28;	size:4;	signed:0;
	field:const char * name;	offset:32;	size:8;	signed:0;
	field:struct page * page;	offset:40;	size:8;	signed:0;
	field:unsigned long call_site;	offset:48;	size:8;	signed:0;
	field:bool last;	offset:56;	size:1;	signed:0;
	field:int dfd;	offset:112;	size:8;	signed:0;
	field:unsigned long args[6];	offset:64;	size:48;	signed:0;

print fmt: "comm=%s", REC->comm
`;

test("fields of a format file, without those of the tracer", () => {
  const text = { kind: "string" };
  expect(tracepointFields(format)).toEqual([
    { name: "comm", form: text, place: { kind: "array", offset: 8 } },
    {
      name: "pid",
      form: { kind: "int", size: 4, signed: true },
      place: { kind: "value", offset: 24, size: 4 },
    },
    { name: "filename", form: text, place: { kind: "data-loc", offset: 28 } },
    { name: "name", form: text, place: { kind: "value", offset: 32, size: 8 } },
    { name: "page", form: { kind: "hex", size: 8 }, place: { kind: "value", offset: 40, size: 8 } },
    { name: "call_site", form: { kind: "hex", size: 8 }, place: { kind: "value", offset: 48, size: 8 } },
    { name: "last", form: { kind: "bool" }, place: { kind: "value", offset: 56, size: 1 } },
    {
      name: "dfd",
      form: { kind: "int", size: 4, signed: true },
      place: { kind: "value", offset: 112, size: 4 },
    },
    { name: "args", form: { kind: "hex", size: 8 }, place: { kind: "value", offset: 64, size: 8 } },
  ]);
});
