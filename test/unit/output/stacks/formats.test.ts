import { gunzipSync } from "node:zlib";
import { formatOf, reportEndings } from "../../../../src/output/format";
import { profileEndings, profileFormats, renderProfile } from "../../../../src/output/stacks/formats";
import { info, mixed, profileOf, textOf } from "./sample";

test.each([
  ["a.folded", "folded"],
  ["a.SVG", "svg"],
  ["a.html", "html"],
  ["a.json", "json"],
  ["a.speedscope.json", "speedscope"],
  ["a.pb.gz", "pprof"],
  ["a.cpuprofile", "cpuprofile"],
  ["a.csv", "csv"],
  ["pb.gz", undefined],
])("the file %s asks for %s", (path, format) =>
  expect(formatOf<string>(path, { ...reportEndings, ...profileEndings })).toBe(format),
);

const starts = {
  json: '{\n  "tool": "bpfkit"',
  folded: "[idle];do_idle 2\n",
  svg: '<?xml version="1.0"',
  html: "<!DOCTYPE html>",
  speedscope: '{"$schema":"https://www.speedscope.app/file-format-schema.json"',
  cpuprofile: '{"nodes":[',
};

test.each(profileFormats.filter((format) => format !== "pprof"))("%s", (format) =>
  expect(textOf(renderProfile(mixed, format, { info })).startsWith(starts[format])).toBe(true),
);

test("pprof is bytes", () => {
  const [bytes, ...more] = renderProfile(mixed, "pprof", { info });
  expect(more).toEqual([]);
  expect(gunzipSync(bytes as Uint8Array).length).toBeGreaterThan(100);
});

test("text comes in pieces of a moderate size", () => {
  const stacks = Array.from({ length: 10_000 }, (_, at) => ({
    frames: ["main", `function_${at}`],
    weight: 1,
  }));
  const lengths = Array.from(renderProfile(profileOf(stacks), "folded", { info }), (piece) => piece.length);
  expect(lengths.length).toBeLessThan(5);
  expect(Math.max(...lengths)).toBeLessThan(66_000);
});

test.each(["json", "speedscope", "pprof", "cpuprofile"] as const)("%s shows no comparison", (format) => {
  expect(() => renderProfile(mixed, format, { info, before: mixed })).toThrow(
    `diff: format "${format}" has no place for a second profile`,
  );
});
