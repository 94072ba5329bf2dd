import { helper, helperName } from "../../../src/asm/helper-ids";

test.each([
  ["mapLookupElem", helper.mapLookupElem, 1],
  ["getCurrentPidTgid", helper.getCurrentPidTgid, 14],
  ["l3CsumReplace", helper.l3CsumReplace, 10],
  ["ringbufReserve", helper.ringbufReserve, 131],
  ["ktimeGetTaiNs", helper.ktimeGetTaiNs, 208],
  ["cgrpStorageGet, newer than the headers", helper.cgrpStorageGet, 210],
])("%s", (_name, found, expected) => expect(found).toBe(expected));

test("names back, as the kernel writes them", () => {
  expect(helperName(14)).toBe("bpf_get_current_pid_tgid");
  expect(helperName(0)).toBeUndefined();
  expect(helperName(99999)).toBeUndefined();
});

test("no number is missing or used twice", () => {
  const ids = Object.values(helper);
  expect(ids).toEqual(ids.map((_, i) => i + 1));
  for (const id of ids) expect(helperName(id)).toMatch(/^bpf_[a-z0-9_]+$/);
});
