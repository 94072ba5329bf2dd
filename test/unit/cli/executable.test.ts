import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findExecutable } from "../../../src/cli/executable";
import { UsageError } from "../../../src/core/errors";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "executable-"));
  for (const place of ["a", "b"]) mkdirSync(join(folder, place));
  for (const [name, mode] of [
    ["a/locked", 0o644],
    ["a/both", 0o644],
    ["b/both", 0o755],
    ["b/tool", 0o755],
  ] as const) {
    writeFileSync(join(folder, name), "");
    chmodSync(join(folder, name), mode);
  }
  mkdirSync(join(folder, "b/folder"));
});
afterAll(() => rmSync(folder, { recursive: true }));
const path = () => `${folder}/a:${folder}/b`;

test.each([
  ["by PATH", () => "tool", "b/tool"],
  ["by PATH, past one that cannot be started", () => "both", "b/both"],
  ["by its path", () => join(folder, "b/../b/tool"), "b/tool"],
])("found %s", (_name, name, found) => expect(findExecutable(name(), path())).toBe(join(folder, found)));

test.each([
  ["unknown", "nix", () => 'command: not found "nix"'],
  ["empty", "", () => 'command: not found ""'],
  ["not executable", "locked", () => `command: "${folder}/a/locked" is not executable`],
  ["a directory", "folder", () => `command: "${folder}/b/folder" is a directory`],
  ["a path to nothing", "./nonexistent/nix", () => 'command: not found "./nonexistent/nix"'],
])("refused: %s", (_name, name, message) => {
  const find = () => findExecutable(name, path());
  expect(find).toThrow(UsageError);
  expect(find).toThrow(message());
});
