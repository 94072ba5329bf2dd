import { findMember, isUnfound, type TypedParam } from "../../../../src/probes/calls/member-form";
import { plainWord } from "../../../../src/probes/calls/value-form";
import { TypeBuilder } from "../../bpf/btf/type-builder";

/** `int read(struct file *file, long *pos, struct secret *secret)`, with what is behind these. */
function made() {
  const types = new TypeBuilder();
  const int = types.int("int", 4, true);
  const unsigned = types.int("unsigned int", 4);
  const long = types.int("long", 8, true);
  const char = types.int("char", 1);
  const u16 = types.int("unsigned short", 2);
  const port = types.typedef("__be16", u16);
  const kind = types.add({
    kind: "enum",
    name: "kind",
    size: 4,
    signed: false,
    values: [{ name: "REGULAR", value: 1 }],
  });
  const dentry = types.composite("struct", "dentry", 8, [["d_flags", unsigned, 0]]);
  const path = types.composite("struct", "path", 16, [["dentry", types.to("ptr", dentry), 64]]);
  const inode = types.composite("struct", "inode", 64, [
    ["i_size", long, 0],
    ["i_mode", types.typedef("umode_t", u16), 64],
    ["i_kind", kind, 96],
    ["i_flag", unsigned, 130, 3],
    ["i_words", types.array(unsigned, 4), 160],
    ["i_port", port, 288],
  ]);
  const file = types.composite("struct", "file", 128, [
    ["f_inode", types.to("ptr", inode), 64],
    ["f_path", path, 128],
    ["f_name", types.array(char, 16), 256],
  ]);
  types.add({ kind: "fwd", name: "secret", of: "struct" });
  const secret = types.nextId - 1;
  const params: TypedParam[] = [
    { name: "file", form: { kind: "path", of: "file" }, index: 0, type: types.to("ptr", file) },
    { name: "pos", form: plainWord, index: 1, type: types.to("ptr", long) },
    { name: "secret", form: plainWord, index: 2, type: types.to("ptr", secret) },
    { name: "count", form: plainWord, index: 3, type: int },
  ];
  return { btf: types.btf(), params };
}

const { btf, params } = made();
const find = (text: string) => findMember(btf, "read", params, text);

test.each<[string, object]>([
  ["count", { index: 3, form: plainWord }],
  [
    "file->f_inode->i_size",
    {
      index: 0,
      form: { kind: "int", size: 8, signed: true },
      access: { pointers: [8], offset: 0, value: { size: 8 } },
    },
  ],
  [
    "file->f_inode->i_mode",
    { form: { kind: "octal", size: 2 }, access: { pointers: [8], offset: 8, value: { size: 2 } } },
  ],
  ["file->f_inode->i_kind", { form: { kind: "enum", names: new Map([[1, "REGULAR"]]) } }],
  [
    "file->f_inode->i_flag",
    {
      form: { kind: "int", size: 8, signed: false },
      access: { offset: 16, value: { size: 1, bits: { offset: 2, size: 3, signed: false } } },
    },
  ],
  [
    "file->f_inode->i_words",
    { form: { kind: "numbers", count: 4, memory: "kernel" }, access: { offset: 20, value: undefined } },
  ],
  ["file->f_inode->i_words[3]", { access: { offset: 32, value: { size: 4 } } }],
  ["file->f_inode->i_port", { form: { kind: "int", size: 2, swapped: true } }],
  ["file->f_inode", { form: plainWord, access: { pointers: [], offset: 8, value: { size: 8 } } }],
  [
    "file->f_name",
    { form: { kind: "string", memory: "kernel" }, access: { pointers: [], offset: 32, value: undefined } },
  ],
  ["file->f_path", { form: { kind: "path", of: "path" }, access: { offset: 16, value: undefined } }],
  [
    "file->f_path.dentry",
    { form: { kind: "path", of: "dentry" }, access: { pointers: [], offset: 24, value: { size: 8 } } },
  ],
  ["file->f_path.dentry->d_flags", { access: { pointers: [24], offset: 0, value: { size: 4 } } }],
  ["pos[0]", { index: 1, access: { pointers: [], offset: 0, value: { size: 8 } } }],
  ["pos[2]", { access: { pointers: [], offset: 16 } }],
])("%s", (text, expected) => expect(find(text)).toMatchObject({ name: text, ...expected }));

test.each<[string, number, string, string | undefined]>([
  ["fil", 0, '"fil" is no argument of read', 'did you mean "file"?'],
  ["file->f_inod", 6, '"struct file" has no member "f_inod"', 'did you mean "f_inode"?'],
  ["file.f_inode", 4, '"file" is a pointer', '"->" leads to what it points to'],
  ["file->f_path->dentry", 12, '"file->f_path" is no pointer', '"." leads to its members'],
  ["file->f_inode->i_size->x", 21, '"file->f_inode->i_size" is no pointer', undefined],
  [
    "file->f_inode[0]",
    0,
    '"struct inode" is not shown as a whole',
    "name one of its members: i_size, i_mode, i_kind, i_flag, i_words, i_port",
  ],
  ["file->f_inode->i_words[4]", 22, "element 4 is not below the length, 4", undefined],
  ["count[1]", 5, "takes an element of what is neither an array nor a pointer to something", undefined],
  ["secret->key", 8, 'struct "secret", which BTF does not describe, has no member "key"', undefined],
  ["file->", 4, 'has "-" where "->", "." or "[" was expected', undefined],
])("%s is not found", (text, at, fact, hint) => {
  const found = find(text);
  expect(isUnfound(found) && { fact: found.fact, at: found.at, hint: found.hint }).toEqual({
    fact,
    at,
    hint,
  });
});
